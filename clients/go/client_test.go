package tamis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T) *Client {
	binary := os.Getenv("TAMIS_BINARY")
	if binary == "" {
		t.Skip("TAMIS_BINARY names no server program")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	server := exec.Command(binary, "serve", "--data", t.TempDir()+"/db", "--port", fmt.Sprint(port))
	server.Env = []string{"PATH=" + os.Getenv("PATH")}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGTERM); _ = server.Wait() })
	client := &Client{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Attempts: 20}
	if err := client.Call(context.Background(), "GET", "/readyz", nil, nil, true); err != nil {
		t.Fatal(err)
	}
	return client
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAgainstServer(t *testing.T) {
	client, ctx := start(t), context.Background()
	bulk := client.Bulk("interactions")
	for user := 0; user < 50; user++ {
		for j := 0; j < 10; j++ {
			check(t, bulk.Add(ctx, Interaction{User: fmt.Sprint("u", user), Item: fmt.Sprint("i", (user*7+j*(user%5+1))%40), Type: "purchase"}))
		}
	}
	check(t, bulk.Add(ctx, map[string]any{"user": "u1"}))
	check(t, bulk.Close(ctx))
	if bulk.Total.Accepted != 500 || bulk.Total.Rejected != 1 || bulk.Total.Errors[0].Field != "item" {
		t.Fatalf("%+v", bulk.Total)
	}
	_, err := client.Put(ctx, "items", Entity{ID: "a/b", Features: map[string]any{"price": 3.5}})
	check(t, err)
	item, err := client.Get(ctx, "items", "a/b")
	check(t, err)
	if item.Features["price"] != 3.5 {
		t.Fatalf("%+v", item)
	}
	job, err := client.Train(ctx, "item_knn", "popular")
	check(t, err)
	_, err = client.Wait(ctx, job.Job)
	check(t, err)
	answer, err := client.Recommend(ctx, "u1", RecommendRequest{K: 5})
	check(t, err)
	ack, err := client.AddInteraction(ctx, Interaction{User: "u1", Item: answer.Items[0].Item, Type: "purchase", RecommendationID: answer.RecommendationID})
	check(t, err)
	next, err := client.Recommend(ctx, "u1", RecommendRequest{K: 5, MinSeq: ack.Sequence})
	check(t, err)
	if next.Items[0].Item == answer.Items[0].Item {
		t.Fatal("the purchase changed nothing")
	}
	similar, err := client.Similar(ctx, "i1", 3)
	check(t, err)
	if len(similar.Items) != 3 {
		t.Fatalf("%+v", similar)
	}
	gone, err := client.DeleteInteractions(ctx, url.Values{"user": {"u1"}})
	check(t, err)
	if gone.Deleted == 0 {
		t.Fatalf("%+v", gone)
	}
	_, err = client.Delete(ctx, "items", "a/b")
	check(t, err)
	var problem *Error
	if _, err = client.Get(ctx, "items", "a/b"); !errors.As(err, &problem) || problem.Code != "not_found" {
		t.Fatal(err)
	}
}

// What the other methods send is accepted, and what they give is read.
func TestTheRestAgainstServer(t *testing.T) {
	client, ctx := start(t), context.Background()
	items := client.Bulk("items")
	for i := 0; i < 40; i++ {
		check(t, items.Add(ctx, Entity{ID: fmt.Sprint("i", i), Features: map[string]any{"price": i}}))
	}
	check(t, items.Close(ctx))
	patch := client.BulkPatch("items")
	check(t, patch.Add(ctx, Entity{ID: "i1", Features: map[string]any{"colour": "red"}}))
	check(t, patch.Close(ctx))
	_, err := client.Put(ctx, "users", Entity{ID: "u1"})
	check(t, err)
	_, err = client.Patch(ctx, "users", Entity{ID: "u1", Features: map[string]any{"country": "FR"}})
	check(t, err)
	_, err = client.AddInteraction(ctx, Interaction{User: "session", Item: "i3", Type: "click"})
	check(t, err)
	_, err = client.MergeSession(ctx, "u1", "session")
	check(t, err)
	events, next, err := client.ListInteractions(ctx, "users", "u1", "", 10)
	check(t, err)
	if len(events) != 1 || events[0].Item != "i3" || next != "" {
		t.Fatalf("%+v %q", events, next)
	}
	seen, cursor := 0, ""
	for {
		page, next, err := client.List(ctx, "items", cursor, 25)
		check(t, err)
		if seen += len(page); next == "" {
			break
		}
		cursor = next
	}
	if seen != 40 {
		t.Fatal(seen)
	}

	_, err = client.PutSpace(ctx, Space{Name: "looks", Dim: 2})
	check(t, err)
	vectors := client.BulkVectors("looks")
	for i := 0; i < 40; i++ {
		check(t, vectors.Add(ctx, Vector{Item: fmt.Sprint("i", i), Vector: []float32{float32(i), 10}}))
	}
	check(t, vectors.Add(ctx, Vector{User: "u1", Vector: []float32{0, 1}}))
	check(t, vectors.Close(ctx))
	found, err := client.Search(ctx, SearchRequest{Space: "looks", User: "u1", K: 1, MinSeq: vectors.Total.Sequence})
	check(t, err)
	if found.Items[0].Item != "i0" {
		t.Fatalf("%+v", found)
	}
	one, err := client.GetVector(ctx, "looks", "users", "u1")
	check(t, err)
	if len(one) != 2 || one[1] != 1 {
		t.Fatal(one)
	}
	plane, err := client.MapSpace(ctx, "looks", url.Values{"field": {"price"}})
	check(t, err)
	if len(plane["x"].([]any)) != 40 {
		t.Fatal(plane)
	}
	factors, err := client.SpaceFactors(ctx, "looks", url.Values{"factors": {"1"}})
	check(t, err)
	if len(factors["factors"].([]any)) != 1 {
		t.Fatal(factors)
	}
	parts, err := client.UserParts(ctx, "looks", "u1", Document{"k": 3})
	check(t, err)
	if parts["has_stored_vector"] != true {
		t.Fatal(parts)
	}

	popular := Document{"retrievers": []any{Document{"kind": "popular"}}}
	if _, err = client.PutConfiguration(ctx, Funnels, "home", popular); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetConfiguration(ctx, Funnels, "home", url.Values{"version": {"1"}})
	check(t, err)
	var problem *Error
	if _, err = client.ValidateFunnel(ctx, Document{"merge": "rrf", "retrievers": []any{}}); !errors.As(err, &problem) || len(problem.Faults) == 0 {
		t.Fatal(err)
	}
	no := false
	session, err := client.RecommendSession(ctx, RecommendRequest{K: 3, Funnel: "home", History: []Past{{Item: "i1"}}, ExcludeSeen: &no})
	check(t, err)
	many, err := client.RecommendMany(ctx, []string{"u1", "u2"}, RecommendRequest{K: 2, Funnel: "home"})
	check(t, err)
	if len(session.Items) == 0 || len(many) != 2 || many[1].User != "u2" {
		t.Fatalf("%+v %+v", session, many)
	}
	why, err := client.WhyNot(ctx, "u1", "i3", RecommendRequest{K: 5, Funnel: "home"})
	check(t, err)
	if why["verdict"] == "" {
		t.Fatal(why)
	}
	if _, err = client.WhatIf(ctx, "u1", "i4", nil); !errors.As(err, &problem) || problem.Status != 409 {
		t.Fatal(err)
	}
	compared, err := client.Compare(ctx, Document{"a": "home", "b": popular, "user": "u1"})
	check(t, err)
	if compared["jaccard"] != 1.0 {
		t.Fatal(compared)
	}
	batch, err := client.StartBatch(ctx, Document{"k": 1, "funnel": "home"})
	check(t, err)
	_, err = client.Wait(ctx, batch["job"].(string))
	check(t, err)
	lists := 0
	check(t, client.BatchLists(ctx, batch["batch"].(string), func([]byte) error { lists++; return nil }))
	if lists != 1 {
		t.Fatal(lists)
	}
	check(t, client.DeleteBatch(ctx, batch["batch"].(string)))

	bulk := client.Bulk("interactions")
	for i := 0; i < 200; i++ {
		check(t, bulk.Add(ctx, Interaction{User: fmt.Sprint("v", i%20), Item: fmt.Sprint("i", i%37), Type: "purchase"}))
	}
	check(t, bulk.Close(ctx))
	job, err := client.Train(ctx, "popular", "item_knn")
	check(t, err)
	last := ""
	check(t, client.WatchJob(ctx, job.Job, func(now Job) error { last = now.State; return nil }))
	if last != "succeeded" && last != "rejected" {
		t.Fatal(last)
	}
	generations, _, err := client.Generations(ctx)
	check(t, err)
	tar, err := client.ExportGeneration(ctx, generations[0].Generation)
	check(t, err)
	made, err := client.ImportGeneration(ctx, "copy", tar.Content, true)
	check(t, err)
	if made.Generation != "copy" {
		t.Fatalf("%+v", made)
	}
	_, err = client.Snapshot(ctx, "nightly")
	check(t, err)
	check(t, client.DeleteSnapshot(ctx, "nightly"))
	entries, after, err := client.ReadLog(ctx, 1, 10)
	check(t, err)
	if len(entries) == 0 || after < 2 {
		t.Fatal(entries, after)
	}
	receipt, err := client.EraseUser(ctx, "u1", false)
	check(t, err)
	if receipt["erasure"] == nil {
		t.Fatal(receipt)
	}

	// The request has the members that the document has.
	described, err := client.OpenAPI(ctx)
	check(t, err)
	schemas := described["components"].(Document)["schemas"].(Document)
	for _, kind := range []any{RecommendRequest{}, SearchRequest{}} {
		members := schemas[reflect.TypeOf(kind).Name()].(Document)["properties"].(Document)
		for i := 0; i < reflect.TypeOf(kind).NumField(); i++ {
			name, _, _ := strings.Cut(reflect.TypeOf(kind).Field(i).Tag.Get("json"), ",")
			if members[name] == nil {
				t.Errorf("%T has %s, which is not described", kind, name)
			}
			delete(members, name)
		}
		if len(members) != 0 {
			t.Errorf("%T lacks %v", kind, members)
		}
	}
}

func TestRetriesStoreOnce(t *testing.T) {
	client, requests := start(t), 0
	target, _ := url.Parse(client.URL)
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		switch requests {
		case 1:
			w.WriteHeader(503)
		case 2: // the server stores it, and the answer is lost
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			forward.ServeHTTP(w, r)
		}
	}))
	defer proxy.Close()
	flaky := &Client{URL: proxy.URL, First: 10 * time.Millisecond}
	ack, err := flaky.AddInteraction(context.Background(), Interaction{User: "r", Item: "x"})
	check(t, err)
	if ack.Duplicates != 1 || requests != 3 {
		t.Fatalf("%+v after %d requests", ack, requests)
	}
}
