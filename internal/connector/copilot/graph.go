package copilot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// A graph makes the requests of one connection, or of none, as one credential.
type graph struct {
	client     *microsoft.Client
	connection string
	perMinute  int
	env        connector.Env
}

// openGraph makes a client; it talks to nobody. connection may be "".
func openGraph(env connector.Env, connection string, perMinute int, timing microsoft.Timing) (*graph, error) {
	if env.Credential == nil {
		return nil, fault.New(fault.Invalid, "%q needs a credential of type %s", env.Name, Name).WithHint("Make one with: headrace credential add NAME --type %s", Name)
	}
	g := &graph{connection: connection, perMinute: perMinute, env: env}
	client, err := microsoft.Open(microsoft.Options{
		Credential: env.Credential, Resource: microsoft.Graph, Transport: env.Transport, Now: env.Now, Log: env.Log, Limiter: g.limiter, Timing: timing,
	})
	if err != nil {
		return nil, err
	}
	g.client = client
	return g, nil
}

// limiter is the quota of the app on the connection (Learn: connectors API overview), shared by all nodes. A Retry-After
// blocks it for everybody.
func (g *graph) limiter(ctx context.Context) (connector.Limiter, error) {
	scope, err := g.scope(ctx)
	if err != nil {
		return nil, err
	}
	return g.env.Limit(scope, g.perMinute), nil
}

// scope names whom Microsoft counts together: the app on the connection.
func (g *graph) scope(ctx context.Context) (string, error) {
	tenant, err := g.client.TenantID(ctx)
	if err != nil {
		return "", err
	}
	return "graph/" + tenant + "/" + strings.ToLower(g.env.Credential.ClientID) + "/" + strings.ToLower(g.connection), nil
}

const (
	stable = "/v1.0"
	beta   = "/beta"

	// mostAnswer bounds what is read of one answer: an item can have 30 MB, and comes back escaped.
	mostAnswer = 64 << 20
)

// connections is the path of all connections; below it stand their IDs.
const connections = "/external/connections"

// path joins segments, each escaped, below the connection.
func (g *graph) path(segments ...string) string {
	p := connections + "/" + url.PathEscape(g.connection)
	for _, s := range segments {
		p += "/" + url.PathEscape(s)
	}
	return p
}

// send makes a request and gives the answer's headers and, if v is not nil, its JSON decoded into v. path begins behind the version.
//
// Reads ask for the members of enumerations that came after the sentinel: without that iconUrl and everything behind it
// reads unknownFutureValue, and writing such a schema back would destroy it (reference graph-connectors, section 1.5.5).
func (g *graph) send(ctx context.Context, method, path string, body []byte, v any) (http.Header, error) {
	header := http.Header{}
	if method == http.MethodGet {
		header.Set("Prefer", "include-unknown-enum-members")
	}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	version := stable
	if rest, ok := strings.CutPrefix(path, beta); ok {
		version, path = beta, rest
	}
	if g.connection != "" {
		scope, err := g.scope(ctx)
		if err != nil {
			return nil, err
		}
		arrive, err := flights.depart(ctx, scope)
		if err != nil {
			return nil, err
		}
		defer arrive()
	}
	resp, err := g.client.Do(ctx, microsoft.Request{Method: method, URL: g.client.Host() + version + path, Header: header, Body: body})
	if err != nil {
		return nil, g.refused(path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if v == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostAnswer)) // so that the connection is used again
		return resp.Header, nil
	}
	return resp.Header, decode(resp, v)
}

// refused names the permission that a request without one lacks: items and groups need another than connections.
func (g *graph) refused(path string, err error) error {
	f, ok := fault.As(err)
	if !ok || f.Code != "refused" || f.Upstream == nil || f.Upstream.Status != http.StatusForbidden {
		return err
	}
	e := *f
	right := connectionRight
	if strings.Contains(path, "/items") || strings.Contains(path, "/groups") {
		right = itemRight
	}
	e.Hint = "Most likely the permission " + right + " or its admin consent is missing: headrace credential test " + g.env.Credential.Name + " shows what is granted. With OwnedBy the app must own the connection, or stand in its configuration.authorizedAppIds."
	return &e
}

// decode reads a whole JSON answer into v.
func decode(resp *http.Response, v any) error {
	return microsoft.Decode("graph", resp, mostAnswer, v)
}

// sendJSON sends v.
func (g *graph) sendJSON(ctx context.Context, method, path string, v any) (http.Header, error) {
	body, err := encodeJSON(v)
	if err != nil {
		return nil, fault.New(fault.Internal, "encode the request: %w", err)
	}
	return g.send(ctx, method, path, body, nil)
}

// connectionWire is a connection as Graph answers it (section 1.3).
type connectionWire struct {
	ID              string          `json:"id"`
	Name            string          `json:"name"`
	Description     string          `json:"description"`
	State           string          `json:"state,omitempty"`
	ContentCategory string          `json:"contentCategory,omitempty"`
	Activity        *activityWire   `json:"activitySettings,omitempty"`
	Search          *searchWire     `json:"searchSettings,omitempty"`
	Configuration   json.RawMessage `json:"configuration,omitempty"`
	Ingested        *int64          `json:"ingestedItemsCount,omitempty"` // beta
}

type activityWire struct {
	Resolvers []resolverWire `json:"urlToItemResolvers"`
}

type resolverWire struct {
	ODataType string    `json:"@odata.type"`
	Priority  int       `json:"priority"`
	ItemID    string    `json:"itemId"`
	Match     matchWire `json:"urlMatchInfo"`
}

type matchWire struct {
	BaseURLs   []string `json:"baseUrls"`
	URLPattern string   `json:"urlPattern"`
}

type searchWire struct {
	Templates json.RawMessage `json:"searchResultTemplates"`
}

// States of a connection.
const (
	stateDraft         = "draft"
	stateObsolete      = "obsolete"
	stateLimitExceeded = "limitExceeded"
)

// readConnection gives the connection; NotFound: there is none, or it is another app's.
func (g *graph) readConnection(ctx context.Context) (connectionWire, error) {
	var c connectionWire
	_, err := g.send(ctx, http.MethodGet, g.path(), nil, &c)
	if err != nil {
		return c, fmt.Errorf("read connection %s: %w", g.connection, err)
	}
	return c, nil
}

// readSchema gives the registered schema; NotFound: none is.
func (g *graph) readSchema(ctx context.Context) ([]Property, error) {
	var raw json.RawMessage
	if _, err := g.send(ctx, http.MethodGet, g.path("schema"), nil, &raw); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", g.connection, err)
	}
	var wire struct {
		Properties []Property `json:"properties"` // null descriptions are empty ones
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, fault.New(fault.Unavailable, "read the schema of %s: the answer can't be read: %w", g.connection, err)
	}
	for i := range wire.Properties {
		if t := typed(wire.Properties[i].Type); t != "" {
			wire.Properties[i].Type = t
		}
	}
	return wire.Properties, nil
}

// changeSchema registers a schema, new or larger, and gives the ID of the operation that does it.
func (g *graph) changeSchema(ctx context.Context, schema []Property) (string, error) {
	header, err := g.sendJSON(ctx, http.MethodPatch, g.path("schema"), map[string]any{"baseType": schemaBase, "properties": schema})
	if err != nil {
		return "", fmt.Errorf("register the schema of %s: %w", g.connection, err)
	}
	return operationID(header.Get("Location")), nil
}

// operationID is the last segment of an operation's address, which is never followed as it is; "": there is none.
func operationID(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	i := strings.LastIndex(u.EscapedPath(), "/operations/")
	if i < 0 {
		return ""
	}
	id, err := url.PathUnescape(u.EscapedPath()[i+len("/operations/"):])
	if err != nil || len(id) > 500 {
		return ""
	}
	return id
}

// operationWire is the progress of a schema's change (section 1.4).
type operationWire struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Target  string `json:"target"`
		} `json:"details"`
	} `json:"error"`
}

func (g *graph) readOperation(ctx context.Context, id string) (operationWire, error) {
	var op operationWire
	if _, err := g.send(ctx, http.MethodGet, g.path("operations", id), nil, &op); err != nil {
		return op, fmt.Errorf("read the operation of %s: %w", g.connection, err)
	}
	return op, nil
}

// failure says what an operation failed with.
func (op operationWire) failure() error {
	if op.Error == nil {
		return errors.New("it gave no reason")
	}
	text := strings.TrimSpace(op.Error.Code + " " + op.Error.Message)
	for _, d := range op.Error.Details {
		text += fmt.Sprintf("; %s: %s %s", d.Target, d.Code, d.Message)
	}
	return errors.New(text)
}

// isClass tells whether err is a fault of a class.
func isClass(err error, class fault.Class) bool {
	return err != nil && fault.ClassOf(err) == class
}

// gone tells whether a NotFound is about the connection itself rather than something in it.
func gone(err error) bool {
	f, ok := fault.As(err)
	return ok && f.Class == fault.NotFound && f.Upstream != nil && strings.EqualFold(f.Upstream.About, "Connection")
}

// clamp keeps a duration between two.
func clamp(d, least, most time.Duration) time.Duration { return min(max(d, least), most) }
