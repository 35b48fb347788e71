package tamis

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

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

// GetJob reads a job.
func (c *Client) GetJob(ctx context.Context, id string) (job Job, err error) {
	err = c.Call(ctx, "GET", "/v1/jobs/"+url.PathEscape(id), nil, &job, true)
	return
}

// Jobs lists jobs, newest first.
func (c *Client) Jobs(ctx context.Context) ([]Job, error) {
	return list[Job](ctx, c, "/v1/jobs", "jobs")
}

// CancelJob cancels a job.
func (c *Client) CancelJob(ctx context.Context, id string) (job Job, err error) {
	err = c.Call(ctx, "POST", "/v1/jobs/"+url.PathEscape(id)+"/cancel", nil, &job, true)
	return
}

// WatchJob calls changed with each change of a job as it happens, until the job has ended or changed returns an error.
func (c *Client) WatchJob(ctx context.Context, id string, changed func(Job) error) error {
	return c.lines(ctx, "/v1/jobs/"+url.PathEscape(id)+"/events", func(line []byte) error {
		if !bytes.HasPrefix(line, []byte("data:")) {
			return nil
		}
		var job Job
		if err := json.Unmarshal(line[len("data:"):], &job); err != nil {
			return err
		}
		return changed(job)
	})
}

// Evaluate estimates what a funnel would have earned on the logged lists, and waits where that becomes a job.
func (c *Client) Evaluate(ctx context.Context, request Document) (answer Document, err error) {
	if err = c.Call(ctx, "POST", "/v1/evaluate", with(request), &answer, true); err != nil {
		return
	}
	if id, isJob := answer["job"].(string); isJob {
		var job Job
		if job, err = c.Wait(ctx, id); err != nil {
			return
		}
		answer = nil
		err = json.Unmarshal(job.Result, &answer)
	}
	return
}

// Simulate plays a feedback loop with a made-up population; Result of the job, {"rounds"}, grows by the round.
func (c *Client) Simulate(ctx context.Context, request Document) (job Job, err error) {
	err = c.Call(ctx, "POST", "/v1/simulations", with(request), &job, false)
	return
}

// Generation is what one training run made.
type Generation struct {
	Generation string         `json:"generation"`
	State      string         `json:"state"`
	CreatedAt  time.Time      `json:"created_at"`
	Sequence   uint64         `json:"sequence"`
	Models     []string       `json:"models"`
	Metrics    map[string]any `json:"metrics"`
	Note       string         `json:"note"`
}

// Generations lists generations, newest first, and names the one that serves.
func (c *Client) Generations(ctx context.Context) (all []Generation, serving string, err error) {
	var answer struct {
		Generations []Generation
		Serving     string
	}
	err = c.Call(ctx, "GET", "/v1/generations", nil, &answer, true)
	return answer.Generations, answer.Serving, err
}

// TrainingReport tells what an automatic run tried, and what it chose.
func (c *Client) TrainingReport(ctx context.Context, generation string) (report Document, err error) {
	err = c.Call(ctx, "GET", "/v1/generations/"+url.PathEscape(generation)+"/report", nil, &report, true)
	return
}

// Promote has a generation serve.
func (c *Client) Promote(ctx context.Context, generation string) error {
	return c.Call(ctx, "POST", "/v1/generations/"+url.PathEscape(generation)+"/promote", nil, nil, true)
}

// Rollback serves the generation that served before, and returns it.
func (c *Client) Rollback(ctx context.Context) (string, error) {
	return c.rollback(ctx, "")
}

// RollbackFrom does the same, where the given generation is the one that serves.
func (c *Client) RollbackFrom(ctx context.Context, generation string) (string, error) {
	return c.rollback(ctx, url.PathEscape(generation)+"/")
}

func (c *Client) rollback(ctx context.Context, from string) (string, error) {
	var answer Generation
	err := c.Call(ctx, "POST", "/v1/generations/"+from+"rollback", nil, &answer, false)
	return answer.Generation, err
}

// ExportGeneration reads the files of a generation, as a tar archive.
func (c *Client) ExportGeneration(ctx context.Context, generation string) (tar Raw, err error) {
	err = c.Call(ctx, "GET", "/v1/generations/"+url.PathEscape(generation), nil, &tar.Content, true)
	tar.Type = "application/x-tar"
	return
}

// ImportGeneration takes in a generation that was trained elsewhere; with promote it serves.
func (c *Client) ImportGeneration(ctx context.Context, name string, tar []byte, promote bool) (made Generation, err error) {
	path := fmt.Sprintf("/v1/generations/%s?promote=%t", url.PathEscape(name), promote)
	err = c.Call(ctx, "PUT", path, Raw{"application/x-tar", tar}, &made, false)
	return
}
