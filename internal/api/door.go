package api

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/headrace/headrace/internal/api/reference"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// Prefix is where the operations' routes begin.
const Prefix = "/api/v1"

const maxRequest = 32 << 20 // bytes of a request's body

// door answers requests for operations.
type door struct {
	services *Services
	log      *slog.Logger
	api      *huma.OpenAPI
}

// Handler answers requests under Prefix, and gives the OpenAPI document at DocumentPath, for people at ReferencePath. Who asks stands in the request's
// context already (account.Of); an operation refuses who may not. Bodies are never logged.
func Handler(s *Services, log *slog.Logger) http.Handler {
	d := &door{services: s, log: log, api: Document(s.About.Version)}
	mux := http.NewServeMux()
	for _, e := range All() {
		r := e.route()
		mux.Handle(r.method+" "+Prefix+r.path, d.operation(e, r, bodySchema(d.api, e)))
	}
	mux.HandleFunc("GET "+DocumentPath, d.document)
	mux.Handle("GET "+ReferencePath, reference.Handler(d.api))
	for path, h := range map[string]http.Handler{EventsPath: s.Events, MetricsPath: s.Metrics} {
		if h != nil {
			mux.Handle("GET "+path, d.viewers(path, h))
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { d.unknown(w, r, mux) })
	return numbered(mux)
}

// numbered gives each request an ID, which stands in its answer, in logs and in the audit log.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(withRequestID(r.Context(), id)))
	})
}

// Where the OpenAPI document is, and the page that shows it to people.
const (
	DocumentPath  = "/api/openapi.json"
	ReferencePath = "/api/docs"
)

func (d *door) document(w http.ResponseWriter, r *http.Request) {
	raw, err := json.Marshal(d.api)
	if err != nil {
		d.fail(w, r, "document", fault.New(fault.Internal, "write the document: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

// unknown answers what no route is for, with the methods that a path does take.
func (d *door) unknown(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		d.fail(w, r, "", fault.New(fault.Invalid, "%s is not for %s; it takes %s", r.URL.Path, r.Method, strings.Join(allowed, ", ")).WithCode("method_not_allowed"))
		return
	}
	d.fail(w, r, "", fault.New(fault.NotFound, "this server has no %s", r.URL.Path).WithCode("no_such_route").WithHint("Its operations are described at %s. Is it of another version? headrace version", DocumentPath))
}

func (d *door) fail(w http.ResponseWriter, r *http.Request, op string, err error) {
	id := requestIDOf(r.Context())
	d.log.DebugContext(r.Context(), "request", telemetry.Op, op, telemetry.RequestID, id, telemetry.Class, classOf(err))
	if fault.ClassOf(err) == fault.Internal {
		d.log.ErrorContext(r.Context(), "a request failed", telemetry.Op, op, telemetry.RequestID, id, telemetry.Err, err)
	}
	WriteProblem(w, reticent(r.Context(), err), id)
}

// Refuse answers a request that came to no operation.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	id := requestIDOf(r.Context())
	if id == "" {
		id = newRequestID()
	}
	WriteProblem(w, reticent(r.Context(), err), id)
}

// Streams tells whether the answer to a request lasts as long as somebody listens.
func Streams(r *http.Request) bool { return r.URL.Path == EventsPath }

func newRequestID() string { return strings.ToLower(rand.Text()[:16]) }

func classOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.ClassOf(err).String()
}

// Headed is an answer that sets headers of its own, as cookies.
type Headed interface{ Header(http.Header) }

func (d *door) operation(e Endpoint, r route, schema *huma.Schema) http.Handler {
	info := e.Info()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := e.permit(req.Context()); err != nil {
			e.refuse(req.Context(), d.services, req.PathValue("name"), err)
			d.fail(w, req, info.Name, err)
			return
		}
		in, err := d.input(w, req, r, schema)
		if err != nil {
			d.fail(w, req, info.Name, err)
			return
		}
		info := info
		if rehearses(in) {
			info.Creates = false
		}
		serve := func() (any, error) { return e.serve(req.Context(), d.services, in) }
		if key := req.Header.Get(IdempotencyKey); key != "" && info.Creates {
			serve = func() (any, error) { return d.once(req.Context(), e, key, in) }
		}
		out, err := serve()
		if err != nil {
			d.fail(w, req, info.Name, err)
			return
		}
		d.log.DebugContext(req.Context(), "request", telemetry.Op, info.Name, telemetry.Class, "ok")
		d.answer(w, info, out)
	})
}

// rehearses tells whether a request only asks what would be.
func rehearses(in json.RawMessage) bool {
	var r Rehearsal
	return json.Unmarshal(in, &r) == nil && r.DryRun
}

func (d *door) answer(w http.ResponseWriter, info Info, out any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if tag := etag(out); tag != "" {
		h.Set("ETag", tag)
	}
	if headed, ok := out.(Headed); ok {
		headed.Header(h)
	}
	w.WriteHeader(info.status())
	_ = jsonv2.MarshalWrite(w, out, answerJSON)
}

// answerJSON is how answers are written: a list that is empty is [], as the document says.
var answerJSON = jsonv2.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv2.FormatNilSliceAsNull(false))

// etag gives the ETag of an answer that has a revision.
func etag(out any) string {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Struct {
		return ""
	}
	f := v.FieldByName("Revision")
	if !f.IsValid() || f.Kind() != reflect.Int64 || f.Int() == 0 {
		return ""
	}
	return `"` + strconv.FormatInt(f.Int(), 10) + `"`
}

// input puts together what an operation takes, from body, path, query and header, and holds it against the document.
func (d *door) input(w http.ResponseWriter, req *http.Request, r route, schema *huma.Schema) (json.RawMessage, error) {
	in := map[string]json.RawMessage{}
	if schema != nil {
		if err := d.body(w, req, schema, in); err != nil {
			return nil, err
		}
	}
	problems := r.query(req.URL.Query(), in)
	for _, f := range r.fields {
		switch f.in {
		case inPath:
			raw, err := rawParam(f.field.Type, req.PathValue(f.name))
			if err != nil {
				problems = append(problems, fault.Problem{Field: f.name, Text: err.Error()})
			}
			in[f.name] = raw
		case inHeader:
			raw, err := revision(req.Header.Get("If-Match"))
			if err != nil {
				problems = append(problems, fault.Problem{Field: "If-Match", Text: err.Error()})
			} else if raw != nil {
				in[f.name] = raw
			}
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(in)
}

func (d *door) body(w http.ResponseWriter, req *http.Request, schema *huma.Schema, into map[string]json.RawMessage) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return fault.New(fault.Invalid, "the request is larger than %d MB", maxRequest>>20).WithCode("request_too_large")
		}
		return fault.New(fault.Canceled, "read the request: %w", err)
	}
	if len(raw) == 0 {
		raw = []byte("{}")
	} else if kind, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";"); kind != "application/json" && kind != "application/merge-patch+json" {
		return fault.New(fault.Invalid, "the request's body is not announced as JSON").WithCode("not_json").WithHint("Send the header Content-Type: application/json.")
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fault.New(fault.Invalid, "the request's body is no JSON: %w (at byte %d)", syntax, syntax.Offset).WithCode("bad_json")
		}
		return fault.New(fault.Invalid, "the request's body is no JSON").WithCode("bad_json")
	}
	if err := judge(d.api, schema, value); err != nil {
		return err
	}
	return json.Unmarshal(raw, &into)
}

// judge holds a body against its schema. What was sent is not repeated: it may hold a secret.
func judge(doc *huma.OpenAPI, schema *huma.Schema, value any) error {
	var found huma.ValidateResult
	huma.Validate(doc.Components.Schemas, schema, huma.NewPathBuffer(make([]byte, 0, 128), 0), huma.ModeWriteToServer, value, &found)
	var problems fault.Problems
	for _, err := range found.Errors {
		one := fault.Problem{Text: "is not what is expected here"}
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			one.Field, one.Text = detail.Location, detail.Message
			if name, ok := missing(detail.Message); ok {
				one.Field, one.Text = strings.TrimPrefix(detail.Location+"."+name, "."), "is missing"
			}
		}
		problems = append(problems, one)
	}
	return problems.Err()
}

// missing takes the name of a field that is not there out of what the schema's checks say: they place the problem at what it is missing in.
func missing(text string) (name string, ok bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, ok = strings.CutPrefix(text, before); !ok {
		return "", false
	}
	return strings.CutSuffix(name, after)
}
