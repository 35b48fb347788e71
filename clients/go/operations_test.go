package tamis

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// Operations without a method, and what serves instead.
var without = map[string]string{
	"recommend":      "Recommend sends POST, whose body takes all options",
	"whyNot":         "WhyNot sends POST",
	"boughtTogether": "BoughtTogether sends a cart of one item",
}

type operation struct{ method, path, id string }

// Read from the document's lines: the standard library has no YAML.
func operations(t *testing.T) (all []operation) {
	content, err := os.ReadFile("../../docs/openapi.yaml")
	check(t, err)
	paths, _, _ := strings.Cut(string(content), "\ncomponents:")
	path, isPath := "", regexp.MustCompile(`^  (/\S*):$`)
	isMethod, isID := regexp.MustCompile(`^    (get|post|put|patch|delete):`), regexp.MustCompile(`operationId: (\w+)`)
	for _, line := range strings.Split(paths, "\n") {
		if match := isPath.FindStringSubmatch(line); match != nil {
			path = match[1]
		}
		if match := isMethod.FindStringSubmatch(line); match != nil {
			all = append(all, operation{method: strings.ToUpper(match[1]), path: path})
		}
		if match := isID.FindStringSubmatch(line); match != nil {
			all[len(all)-1].id = match[1]
		}
	}
	if len(all) < 80 {
		t.Fatalf("%d operations", len(all))
	}
	return
}

// Each method is called, with every text "items", "users" and so on, and what it asks is compared with the document.
func TestEveryOperationHasAMethod(t *testing.T) {
	all, missing := operations(t), map[string]bool{}
	for _, one := range all {
		if one.id == "" {
			t.Fatalf("%s %s has no operationId", one.method, one.path)
		}
		missing[one.id] = true
	}
	braces := regexp.MustCompile(`\{\w+\}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fitting := operation{}
		for _, one := range all {
			pattern := "^" + braces.ReplaceAllString(one.path, "[^/]+") + "$"
			if one.method == r.Method && regexp.MustCompile(pattern).MatchString(r.URL.EscapedPath()) &&
				(fitting.path == "" || strings.Count(one.path, "{") < strings.Count(fitting.path, "{")) {
				fitting = one
			}
		}
		delete(missing, fitting.id)
		_, _ = w.Write([]byte(`{"state":"succeeded"}`))
	}))
	defer server.Close()
	client := reflect.ValueOf(&Client{URL: server.URL, Attempts: 1})
	for i := 0; i < client.NumMethod(); i++ {
		if client.Type().Method(i).Name == "Call" {
			continue
		}
		for _, text := range []string{"items", "users", "interactions", Funnels, InteractionTypes, Experiments} {
			call(client.Method(i), text)
		}
	}
	for id := range missing {
		if without[id] == "" {
			t.Errorf("%s has no method", id)
		}
	}
	for id := range without {
		if !missing[id] {
			t.Errorf("%s has a method; strike it from the exceptions", id)
		}
	}
}

func call(method reflect.Value, text string) {
	ctx, count, arguments := context.Background(), method.Type().NumIn(), []reflect.Value{}
	if method.Type().IsVariadic() {
		count--
	}
	for i := 0; i < count; i++ {
		switch kind := method.Type().In(i); {
		case kind.Kind() == reflect.String:
			arguments = append(arguments, reflect.ValueOf(text))
		case kind == reflect.TypeOf((*context.Context)(nil)).Elem():
			arguments = append(arguments, reflect.ValueOf(ctx))
		case kind == reflect.TypeOf(Entity{}):
			arguments = append(arguments, reflect.ValueOf(Entity{ID: "a"}))
		case kind == reflect.TypeOf(Space{}):
			arguments = append(arguments, reflect.ValueOf(Space{Name: "a"}))
		case kind.Kind() == reflect.Func:
			arguments = append(arguments, reflect.MakeFunc(kind, func([]reflect.Value) []reflect.Value {
				return []reflect.Value{reflect.Zero(kind.Out(0))}
			}))
		default:
			arguments = append(arguments, reflect.Zero(kind))
		}
	}
	for _, made := range method.Call(arguments) {
		if bulk, isBulk := made.Interface().(*BulkWriter); isBulk {
			_ = bulk.Add(ctx, Entity{ID: "a"})
			_ = bulk.Close(ctx)
		}
	}
}
