package office365

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/microsoft"
)

// actions are the API's operations beside listing and reading.
func actions() []connector.Action {
	return []connector.Action{
		{Name: "subscription-list", Summary: "Lists the tenant's subscriptions of this application.", Input: func() connector.Config { return &NoInput{} }, Run: run(listSubscriptions)},
		{Name: "subscription-start", Summary: "Starts or revives the subscriptions of content types.", Changes: true, Input: func() connector.Config { return &TypesInput{} }, Run: run(startSubscriptions)},
		{Name: "subscription-stop", Summary: "Stops the subscriptions of content types. What is produced until the next start can never be read.", Changes: true, Input: func() connector.Config { return &TypesInput{} }, Run: run(stopSubscriptions)},
		{Name: "notifications", Summary: "Lists the announcements that the service sent to the webhook, with their outcome.", Input: func() connector.Config { return &NotificationsInput{Back: connector.Duration(day - time.Minute)} }, Run: run(notifications)},
		{Name: "dlp-sensitive-types", Summary: "Lists the sensitive information types that DLP records name by GUID.", Input: func() connector.Config { return &LanguageInput{Language: "en-US"} }, Run: run(sensitiveTypes)},
		{Name: "get", Summary: "Any GET of the activity feed by hand, below /api/v1.0/{tenant}/activity/feed.", Input: func() connector.Config { return &GetInput{Path: "/subscriptions/list"} }, Run: run(getByHand)},
	}
}

// run adapts an action to its input's type and opens the API for it.
func run[In any](do func(context.Context, *Config, *api, connector.Env, *In) (any, error)) func(context.Context, connector.Config, connector.Env, connector.Config) (json.RawMessage, error) {
	return func(ctx context.Context, cfg connector.Config, env connector.Env, input connector.Config) (json.RawMessage, error) {
		c, ok := cfg.(*Config)
		in, fits := any(input).(*In)
		if !ok || !fits {
			return nil, fault.New(fault.Internal, "an action of %s with %T and %T", Name, cfg, input)
		}
		if err := slices.Concat(c.Validate(), input.Validate()).Err(); err != nil {
			return nil, err
		}
		a, err := newAPI(c, env, microsoft.Timing{})
		if err != nil {
			return nil, err
		}
		defer func() { _ = a.client.Close() }()
		out, err := do(ctx, c, a, env, in)
		if err != nil {
			return nil, err
		}
		answer, err := json.Marshal(out)
		if err != nil {
			return nil, fault.New(fault.Internal, "encode the answer: %w", err)
		}
		return answer, nil
	}
}

// NoInput is for actions that need nothing.
type NoInput struct{}

// Validate has nothing to say.
func (*NoInput) Validate() fault.Problems { return nil }

// TypesInput names content types.
type TypesInput struct {
	ContentTypes []string `yaml:"contentTypes" doc:"The content types; none: those of the source (starting only)" example:"DLP.All"`
}

// Validate reports unknown content types.
func (in *TypesInput) Validate() fault.Problems {
	var p fault.Problems
	for i, t := range in.ContentTypes {
		if canonicalType(t) == "" {
			p = append(p, fault.Problem{Field: fmt.Sprintf("contentTypes[%d]", i), Text: fmt.Sprintf("is %q; choose of %s", t, strings.Join(contentTypes, ", "))})
		}
	}
	return p
}

func listSubscriptions(ctx context.Context, _ *Config, a *api, _ connector.Env, _ *NoInput) (any, error) {
	var list []map[string]json.RawMessage
	if err := a.listSubscriptions(ctx, &list); err != nil {
		return nil, err
	}
	for _, item := range list {
		hideAuthID(item)
	}
	return list, nil
}

// hideAuthID takes out what proves an announcement's sender.
func hideAuthID(subscription map[string]json.RawMessage) {
	var hook map[string]json.RawMessage
	if json.Unmarshal(subscription["webhook"], &hook) != nil || hook == nil {
		return
	}
	if _, ok := hook["authId"]; !ok {
		return
	}
	hook["authId"] = json.RawMessage(`"[secret]"`)
	if b, err := json.Marshal(hook); err == nil {
		subscription["webhook"] = b
	}
}

func startSubscriptions(ctx context.Context, cfg *Config, a *api, env connector.Env, in *TypesInput) (any, error) {
	hook, err := cfg.Webhook.wanted(ctx, env)
	if err != nil {
		return nil, err
	}
	names := in.ContentTypes
	if len(names) == 0 {
		names = cfg.streams()
	}
	var answers []map[string]json.RawMessage
	for _, name := range names {
		raw, err := a.start(ctx, canonicalType(name), hook)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", canonicalType(name), err)
		}
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(raw, &answer); err != nil {
			return nil, fault.New(fault.Unavailable, "start %s: the answer can't be read: %w", name, err)
		}
		hideAuthID(answer)
		answers = append(answers, answer)
	}
	return answers, nil
}

func stopSubscriptions(ctx context.Context, _ *Config, a *api, _ connector.Env, in *TypesInput) (any, error) {
	if len(in.ContentTypes) == 0 {
		return nil, fault.Problems{{Field: "contentTypes", Text: "is empty; name what to stop"}}.Err()
	}
	stopped := []string{}
	for _, name := range in.ContentTypes {
		if err := a.stop(ctx, canonicalType(name)); err != nil {
			return nil, fmt.Errorf("stop %s: %w", canonicalType(name), err)
		}
		stopped = append(stopped, canonicalType(name))
	}
	return map[string]any{"stopped": stopped}, nil
}

// NotificationsInput says of what and how far back.
type NotificationsInput struct {
	ContentType string             `yaml:"contentType" doc:"The content type" example:"Audit.General"`
	Back        connector.Duration `yaml:"back" doc:"How far back, at most 7 days" example:"2d"`
}

// Validate reports an unknown content type and an impossible time.
func (in *NotificationsInput) Validate() fault.Problems {
	p := (&TypesInput{ContentTypes: []string{in.ContentType}}).Validate()
	for i := range p {
		p[i].Field = "contentType"
	}
	if in.Back.Std() <= 0 || in.Back.Std() > horizon {
		p = append(p, fault.Problem{Field: "back", Text: fmt.Sprintf("is %s; it must be more than 0s and at most 7d", in.Back)})
	}
	return p
}

func notifications(ctx context.Context, cfg *Config, a *api, _ connector.Env, in *NotificationsInput) (any, error) {
	if _, err := a.client.Claims(ctx); err != nil { // the sign-in's answer tells the service's time
		return nil, err
	}
	p := planner{cfg: cfg, now: a.client.Now()}
	whole := stretch{later(p.end().Add(-in.Back.Std()), p.limit()), p.end()}
	all := []json.RawMessage{}
	for _, w := range cut(whole, mostStep) {
		before := len(all)
		_, err := a.pages(ctx, "notifications", canonicalType(in.ContentType), w, func(items []json.RawMessage) error {
			all = append(all, items...)
			return nil
		}, func() { all = all[:before] })
		if err != nil {
			return nil, fmt.Errorf("list notifications: %w", err)
		}
	}
	return all, nil
}

// LanguageInput names a language.
type LanguageInput struct {
	Language string `yaml:"language" doc:"One language tag" example:"de-DE"`
}

// Validate reports what is no single tag.
func (in *LanguageInput) Validate() fault.Problems {
	if strings.ContainsAny(in.Language, ",; \t\r\n") {
		return fault.Problems{{Field: "language", Text: "must be one language tag, like en-US"}}
	}
	return nil
}

func sensitiveTypes(ctx context.Context, _ *Config, a *api, _ connector.Env, in *LanguageInput) (any, error) {
	address, err := a.address(ctx, "/resources/dlpSensitiveTypes", nil)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	if in.Language != "" {
		header.Set("Accept-Language", in.Language)
	}
	var list json.RawMessage
	if _, err := a.ask(ctx, microsoft.Request{URL: address, Header: header}, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// GetInput is one GET of the API.
type GetInput struct {
	Path    string            `yaml:"path" doc:"The path below /api/v1.0/{tenant}/activity/feed" example:"/subscriptions/content"`
	Query   map[string]string `yaml:"query" doc:"The query's parameters; PublisherIdentifier is added"`
	Headers map[string]string `yaml:"headers" doc:"More request headers"`
}

// Validate keeps the request below the feed's root and the sign-in ours.
func (in *GetInput) Validate() fault.Problems {
	var p fault.Problems
	unescaped, err := url.PathUnescape(in.Path)
	switch {
	case err != nil || !strings.HasPrefix(in.Path, "/") || strings.ContainsAny(in.Path, "?#\\") || !printable(in.Path):
		p = append(p, fault.Problem{Field: "path", Text: "must begin with / and hold neither ? nor #; parameters go into query"})
	case slices.Contains(strings.Split(unescaped, "/"), "..") || path.Clean(unescaped) != strings.TrimSuffix(unescaped, "/") && unescaped != "/" || strings.Contains(unescaped, "\\"):
		p = append(p, fault.Problem{Field: "path", Text: "must not lead out of the feed: no .., no //"})
	}
	for name, value := range in.Headers {
		if slices.ContainsFunc([]string{"Authorization", "Host", "Cookie", "Content-Length", "Accept-Encoding", "Proxy-Authorization"}, func(h string) bool { return strings.EqualFold(h, name) }) {
			p = append(p, fault.Problem{Field: "headers." + name, Text: "is set by headrace"})
		}
		if name == "" || strings.ContainsAny(name, " :\t") || !printable(name+value) {
			p = append(p, fault.Problem{Field: "headers." + name, Text: "is no header"})
		}
	}
	return p
}

func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) < 0
}

func getByHand(ctx context.Context, _ *Config, a *api, _ connector.Env, in *GetInput) (any, error) {
	query, header := url.Values{}, http.Header{}
	for name, value := range in.Query {
		query.Set(name, value)
	}
	for name, value := range in.Headers {
		header.Set(name, value)
	}
	address, err := a.address(ctx, in.Path, query)
	if err != nil {
		return nil, err
	}
	resp, err := a.do(ctx, microsoft.Request{URL: address, Header: header})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostPage+1))
	if err != nil {
		return nil, err
	}
	if len(body) > mostPage {
		return nil, fault.New(fault.Invalid, "the answer is larger than %d bytes", mostPage)
	}
	answer := map[string]any{"status": resp.StatusCode, "headers": told(resp.Header), "body": string(body)}
	if json.Valid(body) {
		answer["body"] = json.RawMessage(bytes.TrimSpace(body))
	}
	return answer, nil
}

// told are the answer's headers that help to go on.
func told(h http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"Content-Type", "Date", "NextPageUri", "NextPageUrl", "Retry-After", "Request-Id", "X-Ms-Request-Id"} {
		if v := h.Get(name); v != "" {
			out[name] = v
		}
	}
	return out
}
