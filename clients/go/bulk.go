package tamis

import (
	"context"
	"encoding/json"
	"net/url"
)

// BulkWriter sends records as NDJSON, a request for each 4 MiB. Not safe for concurrent use. Call Close at the end.
type BulkWriter struct {
	Total      Ack // what was acknowledged so far
	client     *Client
	method     string
	path       string
	buffer     []byte
	repeatable bool
}

// Bulk begins a bulk write to "interactions", "items" or "users".
func (c *Client) Bulk(collection string) *BulkWriter {
	return &BulkWriter{client: c, method: "POST", path: "/v1/" + collection, repeatable: true}
}

// BulkPatch begins a bulk write to "items" or "users" that merges features into what is stored.
func (c *Client) BulkPatch(collection string) *BulkWriter {
	return &BulkWriter{client: c, method: "PATCH", path: "/v1/" + collection, repeatable: true}
}

// BulkVectors begins a bulk write of Vectors to a space.
func (c *Client) BulkVectors(space string) *BulkWriter {
	return &BulkWriter{client: c, method: "POST", path: "/v1/spaces/" + url.PathEscape(space) + "/vectors", repeatable: true}
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
	if err := b.client.Call(ctx, b.method, b.path, NDJSON(b.buffer), &ack, b.repeatable); err != nil {
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
