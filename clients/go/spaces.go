package tamis

import (
	"context"
	"net/url"
)

// Space is a set of vectors of one length.
type Space struct {
	Name         string `json:"name,omitempty"`
	Dim          int    `json:"dim"`
	Metric       string `json:"metric,omitempty"`       // "cosine", the default, "dot" or "l2"
	Quantization string `json:"quantization,omitempty"` // "int8", the default, "f16" or "f32"
	KeepF32      *bool  `json:"keep_f32,omitempty"`     // whether f32 rows stay in memory; nil: yes
	Encoder      string `json:"encoder,omitempty"`      // "external", or what fills the space
}

// Vector is a line of a bulk write: the vector of an Item or of a User, or with Delete its removal.
type Vector struct {
	Item    string    `json:"item,omitempty"`
	User    string    `json:"user,omitempty"`
	Vector  []float32 `json:"vector,omitempty"`
	Version int64     `json:"version,omitempty"`
	Delete  bool      `json:"delete,omitempty"`
}

func spacePath(name string) string { return "/v1/spaces/" + url.PathEscape(name) }

// Spaces lists all spaces.
func (c *Client) Spaces(ctx context.Context) ([]Space, error) {
	return list[Space](ctx, c, "/v1/spaces", "spaces")
}

// GetSpace reads a space.
func (c *Client) GetSpace(ctx context.Context, name string) (one Space, err error) {
	err = c.Call(ctx, "GET", spacePath(name), nil, &one, true)
	return
}

// PutSpace creates a space.
func (c *Client) PutSpace(ctx context.Context, one Space) (ack Ack, err error) {
	err = c.Call(ctx, "PUT", spacePath(one.Name), one, &ack, true)
	return
}

// DeleteSpace deletes a space with its vectors.
func (c *Client) DeleteSpace(ctx context.Context, name string) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", spacePath(name), nil, &ack, true)
	return
}

// GetVector reads one vector; kind is "items" or "users".
func (c *Client) GetVector(ctx context.Context, space, kind, id string) ([]float32, error) {
	var one Vector
	err := c.Call(ctx, "GET", spacePath(space)+"/vectors/"+kind+"/"+url.PathEscape(id), nil, &one, true)
	return one.Vector, err
}

// DeleteVector deletes one vector; kind is "items" or "users".
func (c *Client) DeleteVector(ctx context.Context, space, kind, id string) (ack Ack, err error) {
	err = c.Call(ctx, "DELETE", spacePath(space)+"/vectors/"+kind+"/"+url.PathEscape(id), nil, &ack, true)
	return
}

// MapSpace gives the items of a space in two dimensions; parameters are method ("pca" or "umap"), field and limit. An
// answer with "pending" is by pca: that job makes the umap.
func (c *Client) MapSpace(ctx context.Context, space string, parameters url.Values) (answer Document, err error) {
	err = c.Call(ctx, "GET", withQuery(spacePath(space)+"/map", parameters), nil, &answer, true)
	return
}

// SpaceFactors tells what the items of a space differ in; parameters are factors and items.
func (c *Client) SpaceFactors(ctx context.Context, space string, parameters url.Values) (answer Document, err error) {
	err = c.Call(ctx, "GET", withQuery(spacePath(space)+"/factors", parameters), nil, &answer, true)
	return
}

// UserParts tells what a user's vector comes from; request has k, history and context.
func (c *Client) UserParts(ctx context.Context, space, user string, request Document) (answer Document, err error) {
	err = c.Call(ctx, "POST", spacePath(space)+"/vectors/users/"+url.PathEscape(user)+"/parts", with(request), &answer, true)
	return
}

// SampleMatrix gives a sample of the user x item matrix; parameters are users, items, first_rank and last_rank.
func (c *Client) SampleMatrix(ctx context.Context, parameters url.Values) (answer Document, err error) {
	err = c.Call(ctx, "GET", withQuery("/v1/matrix", parameters), nil, &answer, true)
	return
}
