// Package tamis is a client of Tamis, the recommendation database. Standard library only.
package tamis

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	URL      string // for example http://localhost:8080
	APIKey   string
	HTTP     *http.Client  // default http.DefaultClient; deadlines come from the context
	Attempts int           // default 6
	First    time.Duration // first wait before a retry, doubled each time up to 10 s; default 100 ms
}

// Error is a problem document of the server.
type Error struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	Field     string `json:"field"`
	RequestID string `json:"request_id"`
	Faults    []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"faults"`
	retryAfter time.Duration
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d %s: %s (request %s)", e.Status, e.Code, e.Detail, e.RequestID)
}

// Raw is a body that is neither JSON nor NDJSON, with its media type.
type Raw struct {
	Type    string
	Content []byte
}

// Call makes any call of the HTTP API. in is sent as JSON, or as it is where it is NDJSON or Raw; out takes the answer, as it
// is where it is a *[]byte, and may be nil. repeatable says whether the call may be sent again after a broken connection or
// 503.
func (c *Client) Call(ctx context.Context, method, path string, in, out any, repeatable bool) error {
	var body []byte
	kind := "application/json"
	switch value := in.(type) {
	case nil:
	case NDJSON:
		body, kind = value, "application/x-ndjson"
	case Raw:
		body, kind = value.Content, value.Type
	default:
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	attempts, wait := c.Attempts, c.First
	if attempts == 0 {
		attempts = 6
	}
	if wait == 0 {
		wait = 100 * time.Millisecond
	}
	for attempt := 1; ; attempt++ {
		again, asked, err := c.once(ctx, method, path, kind, body, out, repeatable)
		if err == nil || !again || attempt >= attempts || ctx.Err() != nil {
			return err
		}
		pause := wait/2 + time.Duration(mathrand.Int63n(int64(wait)/2+1))
		if asked > pause {
			pause = asked
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if wait *= 2; wait > 10*time.Second {
			wait = 10 * time.Second
		}
	}
}

func (c *Client) once(ctx context.Context, method, path, kind string, body []byte, out any, repeatable bool) (bool, time.Duration, error) {
	response, err := c.send(ctx, method, path, kind, body)
	if err != nil {
		var dial *net.OpError
		notSent := asOpError(err, &dial) && dial.Op == "dial"
		return repeatable || notSent, 0, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return repeatable, 0, err
	}
	if response.StatusCode >= 300 {
		problem := problemOf(response, content)
		again := problem.Status == 429 || (problem.Status == 503 && repeatable)
		return again, problem.retryAfter, problem
	}
	switch target := out.(type) {
	case nil:
		return false, 0, nil
	case *[]byte:
		*target = content
		return false, 0, nil
	}
	return false, 0, json.Unmarshal(content, out)
}

func (c *Client) send(ctx context.Context, method, path, kind string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", kind)
	}
	if c.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+c.APIKey)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(request)
}

func problemOf(response *http.Response, content []byte) *Error {
	problem := &Error{}
	if json.Unmarshal(content, problem) != nil {
		problem.Detail = string(content)
	}
	problem.Status = response.StatusCode
	if s, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && s <= 60 {
		problem.retryAfter = time.Duration(s) * time.Second
	}
	return problem
}

// lines reads an answer line by line as it arrives. It is not repeated: some lines may have been seen.
func (c *Client) lines(ctx context.Context, path string, line func([]byte) error) error {
	response, err := c.send(ctx, "GET", path, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		content, _ := io.ReadAll(response.Body)
		return problemOf(response, content)
	}
	reader := bufio.NewReader(response.Body)
	for {
		one, err := reader.ReadBytes('\n')
		if one = bytes.TrimSpace(one); len(one) > 0 {
			if failure := line(one); failure != nil {
				return failure
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// list reads an answer of one list.
func list[T any](ctx context.Context, c *Client, path, key string) ([]T, error) {
	var answer map[string]json.RawMessage
	if err := c.Call(ctx, "GET", path, nil, &answer, true); err != nil {
		return nil, err
	}
	var all []T
	return all, json.Unmarshal(answer[key], &all)
}

// with is a copy of document that is never nil; a name and a value are added.
func with(document Document, more ...any) Document {
	made := Document{}
	for name, value := range document {
		made[name] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		made[more[i].(string)] = more[i+1]
	}
	return made
}

func withQuery(path string, parameters url.Values) string {
	if len(parameters) == 0 {
		return path
	}
	return path + "?" + parameters.Encode()
}

func asOpError(err error, target **net.OpError) bool {
	if wrapped, ok := err.(*url.Error); ok {
		err = wrapped.Err
	}
	op, ok := err.(*net.OpError)
	*target = op
	return ok
}

func newKey() string {
	var raw [16]byte
	if _, err := rand.Read(raw[:]); err != nil {
		panic(err) // the system has no randomness
	}
	return hex.EncodeToString(raw[:])
}
