package microsoft

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
)

// A readCase is an answer of a service and what becomes of it.
type readCase struct {
	Service string      `json:"service"` // management, graph or entra
	Status  int         `json:"status"`
	Header  http.Header `json:"header,omitempty"`
}

// TestRefusals reads testdata/cases/<what happens>/: settings.json, body, want.json.
func TestRefusals(t *testing.T) {
	t.Parallel()
	connectortest.Cases(t, func(t *testing.T, c connectortest.Case) {
		var answer readCase
		c.Settings(t, &answer)
		now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		r := parseRefusal(answer.Status, answer.Header, c.Read(t, "body"))
		e := r.fault(answer.Service, retryAfter(answer.Header, now), now)
		if answer.Service == "entra" {
			e = r.signInFault(clouds[0], retryAfter(answer.Header, now), now)
		}
		got, err := json.MarshalIndent(map[string]any{
			"class": e.Class.String(), "code": e.Code, "error": e.Error(), "hint": e.Hint, "docs": e.Docs, "upstream": e.Upstream, "retryAt": e.RetryAt,
		}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		c.Want(t, "want.json", append(got, '\n'))
	})
}

func FuzzRefusal(f *testing.F) {
	for _, seed := range []string{`{"error":{"code":"AF20023","message":"x"}}`, `{"error":"invalid_client","error_codes":[7000215]}`, `{'error':{'code':'AF429'}}`, `<html>x</html>`, `{"Message":"no"}`, ``, "\xff\xfe", `{"error":{"code":5}}`, `{"error":null}`} {
		f.Add(400, []byte(seed), "120")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		r := parseRefusal(status, http.Header{"Retry-After": {after}}, body, "planted-secret")
		e := r.fault("management", retryAfter(http.Header{"Retry-After": {after}}, time.Now()), time.Now())
		s := r.signInFault(clouds[0], 0, time.Now())
		for _, text := range []string{e.Error(), s.Error()} {
			if !utf8.ValidString(text) || len(text) > 2*mostSaid {
				t.Fatalf("an unprintable or endless text: %q", text)
			}
			if strings.Contains(text, "planted-secret") {
				t.Fatalf("the secret came out: %q", text)
			}
		}
	})
}

// TestEveryKnownCodeIsExplained lists what the API documents and what people have met.
func TestEveryKnownCodeIsExplained(t *testing.T) {
	t.Parallel()
	codes := strings.Fields(`AF10001 AF20001 AF20002 AF20003 AF20010 AF20011 AF20012 AF20013 AF20020 AF20021 AF20022 AF20023 AF20024 AF20030 AF20031
		AF20050 AF20051 AF20052 AF20053 AF20054 AF20055 AF429 AF50000 AF50005 AF50006
		AADSTS7000215 AADSTS7000222 AADSTS7000216 AADSTS7000218 AADSTS700016 AADSTS7000112 AADSTS700024 AADSTS700027 AADSTS90002 AADSTS900023 AADSTS90014
		AADSTS900144 AADSTS9002313 AADSTS900561 AADSTS901002 AADSTS70011 AADSTS1002012 AADSTS28002 AADSTS700022 AADSTS700023 AADSTS500011 AADSTS500014
		AADSTS50001 AADSTS65001 AADSTS53003 AADSTS530032 AADSTS53011 AADSTS900382 AADSTS900432 AADSTS90038 AADSTS90055 AADSTS90006 AADSTS90024 AADSTS90033
		AADSTS90090 AADSTS50000 AADSTS90012 audit_log_off token_refused no_roles`)
	for _, code := range codes {
		c, ok := Explain(code)
		if !ok || c.Name == "" || c.Title == "" || c.Hint == "" || strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Hint, ".") {
			t.Errorf("%s: %+v; want a name, a title without a full stop and a hint with one", code, c)
		}
	}
	if _, ok := Explain("AF99999"); ok {
		t.Error("an unknown code is explained")
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"seconds":                  {http.Header{"Retry-After": {"120"}}, 2 * time.Minute},
		"part of a second":         {http.Header{"Retry-After": {"0.5"}}, 500 * time.Millisecond},
		"milliseconds":             {http.Header{"Retry-After-Ms": {"1500"}}, 1500 * time.Millisecond},
		"a date":                   {http.Header{"Retry-After": {"Fri, 20 Nov 2026 12:01:00 GMT"}}, time.Minute},
		"a date by a skewed clock": {http.Header{"Retry-After": {"Fri, 20 Nov 2026 13:01:00 GMT"}, "Date": {"Fri, 20 Nov 2026 13:00:00 GMT"}}, time.Minute},
		"a date that is over":      {http.Header{"Retry-After": {"Fri, 20 Nov 2026 11:00:00 GMT"}}, 0},
		"negative":                 {http.Header{"Retry-After": {"-5"}}, 0},
		"absurd":                   {http.Header{"Retry-After": {"1e300"}}, 366 * 24 * time.Hour},
		"no number":                {http.Header{"Retry-After": {"soon"}}, 0},
		"NaN":                      {http.Header{"Retry-After": {"NaN"}}, 0},
		"nothing":                  {http.Header{}, 0},
	} {
		if got := retryAfter(c.header, now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	rights := []Right{
		{Permission: connector.Permission{Name: "A.Read", Resource: "API", For: "Needed for A"}},
		{Permission: connector.Permission{Name: "B.Read", Resource: "API", For: "Needed for B", Optional: true}},
		{Permission: connector.Permission{Name: "C.OwnedBy", Resource: "API", For: "Needed for C"}, Broader: []string{"C.All"}},
	}
	word := func(claims Claims, needed func(string) bool) string {
		var words []string
		for _, c := range CheckRights(clouds[0], claims, rights, needed) {
			words = append(words, string(c.Result))
			if !c.Result.OK() && (c.Fix == "" || c.Link == "") {
				t.Errorf("%s is %s without saying what to do: %+v", c.Name, c.Result, c)
			}
		}
		return strings.Join(words, " ")
	}
	yes := func(string) bool { return true }
	for name, c := range map[string]struct {
		roles  []string
		needed func(string) bool
		want   string
	}{
		"none":             {nil, nil, "missing not_needed missing"},
		"none, all needed": {nil, yes, "missing missing missing"},
		"all":              {[]string{"a.read", "B.Read", "C.OwnedBy"}, yes, "works works works"},
		"broader":          {[]string{"A.Read", "C.All"}, nil, "works not_needed broader"},
		"both":             {[]string{"A.Read", "C.All", "C.OwnedBy"}, nil, "works not_needed works"},
	} {
		if got := word(Claims{Roles: c.roles, ClientID: testClient}, c.needed); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestCloudsAndLinks(t *testing.T) {
	t.Parallel()
	for _, name := range CloudNames() {
		c, err := CloudOf(connector.Credential{Cloud: name})
		if err != nil || c.Name != name || c.Login == "" || c.Graph == "" || c.Entra == "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		for _, link := range []string{c.RegistrationsURL(), c.AppURL(testClient, "Overview"), ConsentURL(connector.Credential{Cloud: name, TenantID: testTenant, ClientID: testClient})} {
			if !strings.HasPrefix(link, "https://") {
				t.Errorf("%s: link %q", name, link)
			}
		}
	}
	if got := ConsentURL(connector.Credential{Cloud: "gcc-high", TenantID: testTenant, ClientID: testClient}); got != "https://login.microsoftonline.us/"+testTenant+"/adminconsent?client_id="+testClient {
		t.Errorf("consent link %s", got)
	}
	if got := ConsentURL(connector.Credential{Cloud: "mars"}); got != "" {
		t.Errorf("consent link of a cloud that is none: %s", got)
	}
	custom, err := CloudOf(connector.Credential{Cloud: Custom, Endpoints: connector.Endpoints{Management: "https://LOCALHOST:8443/"}})
	if err != nil || custom.Management != "https://localhost:8443" || custom.ManagementAudience != custom.Management || custom.Login != clouds[0].Login {
		t.Errorf("custom: %+v, %v", custom, err)
	}
	if usual, err := CloudOf(connector.Credential{}); err != nil || usual.Name != "worldwide" {
		t.Errorf("no cloud: %+v, %v", usual, err)
	}
	if fault.ClassOf(Unreadable("management", &http.Response{StatusCode: 200, Header: http.Header{}}, []byte("<html>Hello</html>"), os.ErrInvalid)) != fault.Unavailable {
		t.Error("an unreadable answer must be Unavailable")
	}
}
