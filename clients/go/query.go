package tamis

import (
	"context"
	"fmt"
	"net/url"
)

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

// SimilarUsers gives the k users nearest to a user, in Users of the answer.
func (c *Client) SimilarUsers(ctx context.Context, user string, k int) (answer Recommendations, err error) {
	err = c.Call(ctx, "GET", fmt.Sprintf("/v1/users/%s/similar?k=%d", url.PathEscape(user), k), nil, &answer, true)
	return
}

// RecommendSession asks for the best items for somebody without an id; request.History tells what they did.
func (c *Client) RecommendSession(ctx context.Context, request RecommendRequest) (answer Recommendations, err error) {
	err = c.Call(ctx, "POST", "/v1/recommendations", request, &answer, true)
	return
}

// RecommendMany asks for lists for at most 1,000 users, in their order.
func (c *Client) RecommendMany(ctx context.Context, users []string, request RecommendRequest) ([]Recommendations, error) {
	var answer struct{ Answers []Recommendations }
	err := c.Call(ctx, "POST", "/v1/recommendations", struct {
		RecommendRequest
		Users []string `json:"users"`
	}{request, users}, &answer, true)
	return answer.Answers, err
}

// WhyNot tells where an item falls out of what would be recommended now.
func (c *Client) WhyNot(ctx context.Context, user, item string, request RecommendRequest) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/users/"+url.PathEscape(user)+"/recommendations/why-not/"+url.PathEscape(item), request, &answer, true)
	return
}

// WhatIf tells what the ranker's score of a candidate hangs on; request has changes, objective and request.
func (c *Client) WhatIf(ctx context.Context, user, item string, request Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/users/"+url.PathEscape(user)+"/recommendations/what-if/"+url.PathEscape(item), with(request), &answer, true)
	return
}

// BoughtTogether tells what people buy in one basket with a cart; more has k, mode, filter, exclude, features.
func (c *Client) BoughtTogether(ctx context.Context, cart []string, more Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/bought_together", with(more, "items", cart), &answer, true)
	return
}

// Compare gives the lists of two funnels, a and b, by name or as documents. Nothing is logged.
func (c *Client) Compare(ctx context.Context, request Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/compare", with(request), &answer, true)
	return
}

// Pages gives several lists in one answer, no item twice.
func (c *Client) Pages(ctx context.Context, request Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", "/v1/pages", with(request), &answer, false)
	return
}

// Audience gives the users to tell of an item; parameters such as k, cap_type and filter are optional.
func (c *Client) Audience(ctx context.Context, item string, parameters url.Values) (answer Document, err error) {
	err = c.Call(ctx, "GET", withQuery("/v1/items/"+url.PathEscape(item)+"/audience", parameters), nil, &answer, true)
	return
}

// SearchRequest asks for the nearest of a vector, an item, a user or a text; one of them.
type SearchRequest struct {
	Space    string    `json:"space,omitempty"`
	Vector   []float32 `json:"vector,omitempty"`
	Item     string    `json:"item,omitempty"`
	User     string    `json:"user,omitempty"`
	Text     string    `json:"text,omitempty"`
	Find     string    `json:"find,omitempty"` // "items", the default, or "users"
	K        int       `json:"k,omitempty"`
	EF       int       `json:"ef,omitempty"`
	Exact    bool      `json:"exact,omitempty"`
	Filter   any       `json:"filter,omitempty"`
	MinSeq   uint64    `json:"min_seq,omitempty"`
	Features bool      `json:"features,omitempty"`
}

// Search gives what is nearest, in Items or Users of the answer.
func (c *Client) Search(ctx context.Context, request SearchRequest) (answer Recommendations, err error) {
	err = c.Call(ctx, "POST", "/v1/search", request, &answer, true)
	return
}

// StartBatch makes lists for many in the background; request has kind, format, k, funnel, segment and more.
func (c *Client) StartBatch(ctx context.Context, request Document) (batch Document, err error) {
	err = c.Call(ctx, "POST", "/v1/batches", with(request), &batch, false)
	return
}

// Batches lists batches, newest first.
func (c *Client) Batches(ctx context.Context) ([]Document, error) {
	return list[Document](ctx, c, "/v1/batches", "batches")
}

// GetBatch reads a batch as it is.
func (c *Client) GetBatch(ctx context.Context, id string) (batch Document, err error) {
	err = c.Call(ctx, "GET", "/v1/batches/"+url.PathEscape(id), nil, &batch, true)
	return
}

// BatchLists calls line with each line of a batch's file as it arrives, until one returns an error.
func (c *Client) BatchLists(ctx context.Context, id string, line func([]byte) error) error {
	return c.lines(ctx, "/v1/batches/"+url.PathEscape(id)+"/lists", line)
}

// DeleteBatch cancels a batch where it runs, and removes its file.
func (c *Client) DeleteBatch(ctx context.Context, id string) error {
	return c.Call(ctx, "DELETE", "/v1/batches/"+url.PathEscape(id), nil, nil, true)
}
