// Package tamis is a client of Tamis, the recommendation database. Standard library only.
package tamis

import (
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

// Call makes any call of the HTTP API. in is sent as JSON, or as it is where it is NDJSON; out takes the answer and may be
// nil. repeatable says whether the call may be sent again after a broken connection or 503.
func (c *Client) Call(ctx context.Context, method, path string, in, out any, repeatable bool) error {
	var body []byte
	kind := "application/json"
	switch value := in.(type) {
	case nil:
	case NDJSON:
		body, kind = value, "application/x-ndjson"
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
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
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
	response, err := client.Do(request)
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
		problem := &Error{}
		if json.Unmarshal(content, problem) != nil {
			problem.Detail = string(content)
		}
		problem.Status = response.StatusCode
		if s, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && s <= 60 {
			problem.retryAfter = time.Duration(s) * time.Second
		}
		again := problem.Status == 429 || (problem.Status == 503 && repeatable)
		return again, problem.retryAfter, problem
	}
	if out == nil {
		return false, 0, nil
	}
	return false, 0, json.Unmarshal(content, out)
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
