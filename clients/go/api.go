package tamis

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// NDJSON is a body of lines, each a JSON object.
type NDJSON []byte

// Document is JSON whose members docs/http_api.md explains.
type Document = map[string]any

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
	Version  int64          `json:"version,omitempty"` // the writer's own; a write of an older one changes nothing
	Hidden   *bool          `json:"hidden,omitempty"`  // of items: in no answer
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
	Warnings   []Warning  `json:"warnings"`
}

// Past is an event of a session that is sent with a request.
type Past struct {
	Item      string     `json:"item"`
	Type      string     `json:"type,omitempty"`
	Value     *float64   `json:"value,omitempty"`
	Timestamp *time.Time `json:"timestamp,omitempty"`
}

// RecommendRequest says what is asked; what is empty is the server's default. docs/http_api.md explains the members.
type RecommendRequest struct {
	K                int            `json:"k,omitempty"`
	Funnel           string         `json:"funnel,omitempty"`
	Surface          string         `json:"surface,omitempty"`
	Filter           any            `json:"filter,omitempty"`
	Exclude          []string       `json:"exclude,omitempty"`
	ExcludeSeen      *bool          `json:"exclude_seen,omitempty"`
	RotateShown      *bool          `json:"rotate_shown,omitempty"`
	History          []Past         `json:"history,omitempty"`
	SimilarTo        string         `json:"similar_to,omitempty"` // candidates are what goes with this item
	Context          map[string]any `json:"context,omitempty"`
	Override         Document       `json:"override,omitempty"`
	MinSeq           uint64         `json:"min_seq,omitempty"`
	MinSeqTimeoutMS  int            `json:"min_seq_timeout_ms,omitempty"`
	Explain          bool           `json:"explain,omitempty"`
	Features         bool           `json:"features,omitempty"`
	DryRun           bool           `json:"dry_run,omitempty"`
	Paged            bool           `json:"paged,omitempty"`
	Cursor           string         `json:"cursor,omitempty"`
	AsOf             *time.Time     `json:"as_of,omitempty"`
	AsOfSequence     *uint64        `json:"as_of_sequence,omitempty"` // with Generation and RecommendationID: a past answer again
	Generation       string         `json:"generation,omitempty"`
	RecommendationID string         `json:"recommendation_id,omitempty"`
}

// Scored is an item of a list or, of a search for users, a user.
type Scored struct {
	Item       string          `json:"item"`
	User       string          `json:"user"`
	Rank       int             `json:"rank"`
	Score      float64         `json:"score"`
	Fallback   bool            `json:"fallback"`
	Propensity float64         `json:"propensity"` // 0: absent, which means 1
	Features   map[string]any  `json:"features"`
	Explain    json.RawMessage `json:"explain"`
}

// Warning tells what is valid and has no effect.
type Warning struct {
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

// Recommendations is an answer; neighbours of an item have the same form without RecommendationID.
type Recommendations struct {
	RecommendationID string          `json:"recommendation_id"`
	User             string          `json:"user"`
	Funnel           string          `json:"funnel"`
	Generation       string          `json:"generation"`
	Sequence         uint64          `json:"sequence"`
	Cursor           string          `json:"cursor"` // of the next page, where the request is paged
	Items            []Scored        `json:"items"`
	Users            []Scored        `json:"users"` // of a search for users
	Stages           json.RawMessage `json:"stages"`
	Warnings         []Warning       `json:"warnings"`
}

// Job is work in the background: a training run, an evaluation, a simulation, a map or a batch.
type Job struct {
	Job        string          `json:"job"`
	Kind       string          `json:"kind"`
	State      string          `json:"state"`
	Progress   float64         `json:"progress"` // 0..1
	Stage      string          `json:"stage"`
	Detail     string          `json:"detail"`
	Generation string          `json:"generation"`
	Warnings   []string        `json:"warnings"`
	Result     json.RawMessage `json:"result"`
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

// Delete deletes an item or erases a user; EraseUser gives the receipt.
func (c *Client) Delete(ctx context.Context, kind, id string) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", "/v1/"+kind+"/"+url.PathEscape(id), nil, &ack, true)
	return
}

// Patch merges features into an entity; nil removes one.
func (c *Client) Patch(ctx context.Context, kind string, one Entity) (ack Ack, err error) {
	err = c.Call(ctx, "PATCH", "/v1/"+kind+"/"+url.PathEscape(one.ID), one, &ack, true)
	return
}

// List reads a page of at most limit entities; kind is "items" or "users". The first cursor is empty, and so is the last
// that is returned.
func (c *Client) List(ctx context.Context, kind, cursor string, limit int) ([]Entity, string, error) {
	return page[Entity](ctx, c, "/v1/"+kind, kind, cursor, limit)
}

// ListInteractions reads a page of the interactions of an item or a user, newest first; kind is "items" or "users".
func (c *Client) ListInteractions(ctx context.Context, kind, id, cursor string, limit int) ([]Interaction, string, error) {
	return page[Interaction](ctx, c, "/v1/"+kind+"/"+url.PathEscape(id)+"/interactions", "interactions", cursor, limit)
}

// EraseUser erases a user and returns the receipt; keepLog keeps what the change log says of them.
func (c *Client) EraseUser(ctx context.Context, id string, keepLog bool) (receipt Document, err error) {
	err = c.Call(ctx, "DELETE", "/v1/users/"+url.PathEscape(id)+"?keep_log="+strconv.FormatBool(keepLog), nil, &receipt, true)
	return
}

// MergeSession gives a user what a session has done, and deletes the session.
func (c *Client) MergeSession(ctx context.Context, user, session string) (ack Ack, err error) {
	err = c.Call(ctx, "POST", "/v1/users/"+url.PathEscape(user)+"/merge", Document{"session": session}, &ack, true)
	return
}

func page[T any](ctx context.Context, c *Client, path, key, cursor string, limit int) (all []T, next string, err error) {
	parameters := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		parameters.Set("cursor", cursor)
	}
	var answer map[string]json.RawMessage
	if err = c.Call(ctx, "GET", withQuery(path, parameters), nil, &answer, true); err != nil {
		return
	}
	if err = json.Unmarshal(answer[key], &all); err != nil {
		return
	}
	if len(answer["cursor"]) > 0 { // null leaves next empty
		err = json.Unmarshal(answer["cursor"], &next)
	}
	return
}
