package tamis

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// NDJSON is a body of lines, each a JSON object.
type NDJSON []byte

// Interaction is one event. Without an IdempotencyKey the client makes one.
type Interaction struct {
	User             string         `json:"user"`
	Item             string         `json:"item"`
	Type             string         `json:"type,omitempty"`
	Value            *float64       `json:"value,omitempty"`
	Timestamp        *time.Time     `json:"timestamp,omitempty"`
	Context          map[string]any `json:"context,omitempty"`
	RecommendationID string         `json:"recommendation_id,omitempty"`
	IdempotencyKey   string         `json:"idempotency_key,omitempty"`
	ImportID         string         `json:"import_id,omitempty"`
}

// Entity is an item or a user.
type Entity struct {
	ID       string         `json:"id,omitempty"`
	Features map[string]any `json:"features,omitempty"`
	TTLS     int64          `json:"ttl_s,omitempty"`
}

// RowError is a refused line of a bulk write; Line counts from 1 within the request.
type RowError struct {
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Ack is a committed write; its Sequence goes into MinSeq of a query that must reflect it.
type Ack struct {
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates"`
	Outdated   int        `json:"outdated"` // stored in a newer version
	Deleted    int        `json:"deleted"`
	Rejected   int        `json:"rejected"`
	Sequence   uint64     `json:"sequence"`
	Errors     []RowError `json:"errors"`
}

// RecommendRequest says what is asked; more members are in docs/openapi.yaml.
type RecommendRequest struct {
	K        int            `json:"k,omitempty"`
	Funnel   string         `json:"funnel,omitempty"`
	Filter   any            `json:"filter,omitempty"`
	Exclude  []string       `json:"exclude,omitempty"`
	Context  map[string]any `json:"context,omitempty"`
	MinSeq   uint64         `json:"min_seq,omitempty"`
	Explain  bool           `json:"explain,omitempty"`
	Features bool           `json:"features,omitempty"`
	DryRun   bool           `json:"dry_run,omitempty"`
}

// Scored is an item of a list.
type Scored struct {
	Item     string          `json:"item"`
	Rank     int             `json:"rank"`
	Score    float64         `json:"score"`
	Features map[string]any  `json:"features"`
	Explain  json.RawMessage `json:"explain"`
}

// Recommendations is an answer; neighbours of an item have the same form without RecommendationID.
type Recommendations struct {
	RecommendationID string   `json:"recommendation_id"`
	Generation       string   `json:"generation"`
	Sequence         uint64   `json:"sequence"`
	Items            []Scored `json:"items"`
}

// Job is a training run.
type Job struct {
	Job        string  `json:"job"`
	State      string  `json:"state"`
	Progress   float64 `json:"progress"`
	Detail     string  `json:"detail"`
	Generation string  `json:"generation"`
}

// AddInteraction stores one event, once however often it is sent.
func (c *Client) AddInteraction(ctx context.Context, one Interaction) (ack Ack, err error) {
	if one.IdempotencyKey == "" {
		one.IdempotencyKey = newKey()
	}
	err = c.Call(ctx, "POST", "/v1/interactions", one, &ack, true)
	return
}

// DeleteInteractions takes back what matches all parameters, such as user, item, type or import_id.
func (c *Client) DeleteInteractions(ctx context.Context, match url.Values) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", "/v1/interactions?"+match.Encode(), nil, &ack, true)
	return
}

// Put creates or replaces an entity; kind is "items" or "users".
func (c *Client) Put(ctx context.Context, kind string, one Entity) (ack Ack, err error) {
	err = c.Call(ctx, "PUT", "/v1/"+kind+"/"+url.PathEscape(one.ID), one, &ack, true)
	return
}

// Get reads an entity; kind is "items" or "users".
func (c *Client) Get(ctx context.Context, kind, id string) (one Entity, err error) {
	err = c.Call(ctx, "GET", "/v1/"+kind+"/"+url.PathEscape(id), nil, &one, true)
	return
}

// Delete deletes an item or erases a user.
func (c *Client) Delete(ctx context.Context, kind, id string) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", "/v1/"+kind+"/"+url.PathEscape(id), nil, &ack, true)
	return
}

// Recommend asks for the best items for a user.
func (c *Client) Recommend(ctx context.Context, user string, request RecommendRequest) (answer Recommendations, err error) {
	err = c.Call(ctx, "POST", "/v1/users/"+url.PathEscape(user)+"/recommendations", request, &answer, true)
	return
}

// Similar gives the k items nearest to an item.
func (c *Client) Similar(ctx context.Context, item string, k int) (answer Recommendations, err error) {
	err = c.Call(ctx, "GET", fmt.Sprintf("/v1/items/%s/similar?k=%d", url.PathEscape(item), k), nil, &answer, true)
	return
}

// Train queues a training run; no models mean those of the configuration.
func (c *Client) Train(ctx context.Context, models ...string) (job Job, err error) {
	request := map[string]any{}
	if len(models) > 0 {
		request["models"] = models
	}
	err = c.Call(ctx, "POST", "/v1/train", request, &job, false)
	return
}

// Wait polls until a job has ended. A failed or cancelled job is an error.
func (c *Client) Wait(ctx context.Context, id string) (job Job, err error) {
	for {
		if err = c.Call(ctx, "GET", "/v1/jobs/"+url.PathEscape(id), nil, &job, true); err != nil {
			return
		}
		switch job.State {
		case "queued", "running":
		case "failed", "cancelled":
			return job, fmt.Errorf("job %s %s: %s", job.Job, job.State, job.Detail)
		default:
			return
		}
		select {
		case <-ctx.Done():
			return job, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// BulkWriter sends records as NDJSON, a request for each 4 MiB. Not safe for concurrent use. Call Close at the end.
type BulkWriter struct {
	Total      Ack // what was acknowledged so far
	client     *Client
	path       string
	buffer     []byte
	repeatable bool
}

// Bulk begins a bulk write to "interactions", "items" or "users".
func (c *Client) Bulk(collection string) *BulkWriter {
	return &BulkWriter{client: c, path: "/v1/" + collection, repeatable: true}
}

// Add takes one record: an Interaction (which gets a key), an Entity or anything that marshals to an object.
func (b *BulkWriter) Add(ctx context.Context, record any) error {
	if one, ok := record.(Interaction); ok {
		if one.IdempotencyKey == "" {
			one.IdempotencyKey = newKey()
		}
		record = one
	} else if b.path == "/v1/interactions" {
		b.repeatable = false
	}
	line, err := json.Marshal(record)
	if err != nil {
		return err
	}
	b.buffer = append(append(b.buffer, line...), '\n')
	if len(b.buffer) >= 4<<20 {
		return b.Flush(ctx)
	}
	return nil
}

// Flush sends what waits and returns when it is acknowledged.
func (b *BulkWriter) Flush(ctx context.Context) error {
	if len(b.buffer) == 0 {
		return nil
	}
	var ack Ack
	if err := b.client.Call(ctx, "POST", b.path, NDJSON(b.buffer), &ack, b.repeatable); err != nil {
		return err
	}
	b.buffer = b.buffer[:0]
	b.repeatable = true
	b.Total.Accepted += ack.Accepted
	b.Total.Duplicates += ack.Duplicates
	b.Total.Outdated += ack.Outdated
	b.Total.Rejected += ack.Rejected
	b.Total.Sequence = ack.Sequence
	b.Total.Errors = append(b.Total.Errors, ack.Errors...)
	return nil
}

// Close flushes.
func (b *BulkWriter) Close(ctx context.Context) error { return b.Flush(ctx) }
