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
