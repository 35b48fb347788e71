package tamis

import (
	"context"
	"fmt"
	"net/url"
)

// The kinds of configuration that are documents with a name.
const (
	Funnels          = "funnels"
	InteractionTypes = "interaction-types"
	Experiments      = "experiments"
)

// Configuration lists the documents of a kind: Funnels, InteractionTypes or Experiments.
func (c *Client) Configuration(ctx context.Context, kind string) (answer Document, err error) {
	err = c.Call(ctx, "GET", "/v1/"+kind, nil, &answer, true)
	return
}

// GetConfiguration reads one document; of funnels and interaction types, parameters may name a version.
func (c *Client) GetConfiguration(ctx context.Context, kind, name string, parameters url.Values) (answer Document, err error) {
	err = c.Call(ctx, "GET", withQuery("/v1/"+kind+"/"+url.PathEscape(name), parameters), nil, &answer, true)
	return
}

// PutConfiguration stores a new version of a document. What has no effect stands in Warnings of the ack.
func (c *Client) PutConfiguration(ctx context.Context, kind, name string, document Document) (ack Ack, err error) {
	err = c.Call(ctx, "PUT", "/v1/"+kind+"/"+url.PathEscape(name), with(document), &ack, true)
	return
}

// DeleteConfiguration deletes a document.
func (c *Client) DeleteConfiguration(ctx context.Context, kind, name string) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", "/v1/"+kind+"/"+url.PathEscape(name), nil, &ack, true)
	return
}

// ValidateFunnel checks a funnel without storing it. Error.Faults lists all that is wrong.
func (c *Client) ValidateFunnel(ctx context.Context, funnel Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/funnels/validate", with(funnel), &answer, true)
	return
}

// FunnelSchema is the JSON schema of a funnel.
func (c *Client) FunnelSchema(ctx context.Context) (schema Document, err error) {
	err = c.Call(ctx, "GET", "/v1/funnels/schema", nil, &schema, true)
	return
}

// ExperimentResults tells what each arm came to.
func (c *Client) ExperimentResults(ctx context.Context, name string) (answer Document, err error) {
	err = c.Call(ctx, "GET", "/v1/experiments/"+url.PathEscape(name)+"/results", nil, &answer, true)
	return
}

// Snapshot makes a consistent snapshot while the server serves. An empty name is chosen by the server.
func (c *Client) Snapshot(ctx context.Context, name string) (made Document, err error) {
	request := Document{}
	if name != "" {
		request["name"] = name
	}
	err = c.Call(ctx, "POST", "/v1/snapshots", request, &made, false)
	return
}

// Snapshots lists the names of snapshots.
func (c *Client) Snapshots(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/v1/snapshots", "snapshots")
}

// DeleteSnapshot removes a snapshot.
func (c *Client) DeleteSnapshot(ctx context.Context, name string) error {
	return c.Call(ctx, "DELETE", "/v1/snapshots/"+url.PathEscape(name), nil, nil, true)
}

// ReadLog reads committed writes in order, from a sequence number on; go on from next.
func (c *Client) ReadLog(ctx context.Context, from uint64, limit int) (entries []Document, next uint64, err error) {
	var answer struct {
		Entries []Document
		Next    uint64
	}
	err = c.Call(ctx, "GET", fmt.Sprintf("/v1/log?from=%d&limit=%d", from, limit), nil, &answer, true)
	return answer.Entries, answer.Next, err
}

// Stats is the state of the database.
func (c *Client) Stats(ctx context.Context) (Document, error) { return c.read(ctx, "/v1/stats") }

// Health says that the process answers.
func (c *Client) Health(ctx context.Context) (Document, error) { return c.read(ctx, "/healthz") }

// Ready says that queries are answered.
func (c *Client) Ready(ctx context.Context) (Document, error) { return c.read(ctx, "/readyz") }

// OpenAPI is the description of the HTTP API.
func (c *Client) OpenAPI(ctx context.Context) (Document, error) { return c.read(ctx, "/openapi.json") }

// Metrics are those of Prometheus, as text.
func (c *Client) Metrics(ctx context.Context) (string, error) {
	var text []byte
	err := c.Call(ctx, "GET", "/metrics", nil, &text, true)
	return string(text), err
}

func (c *Client) read(ctx context.Context, path string) (answer Document, err error) {
	err = c.Call(ctx, "GET", path, nil, &answer, true)
	return
}
