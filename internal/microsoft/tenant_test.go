package microsoft

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

func TestADomainBecomesItsTenantsID(t *testing.T) {
	t.Parallel()
	const id = "8F3A0000-0000-4000-8000-000000000001"
	for name, c := range map[string]struct {
		domain string
		answer func(w http.ResponseWriter)
		want   string // the ID, or a part of the error
		class  fault.Class
		hint   string
	}{
		"the issuer names it": {"Contoso.onmicrosoft.com", func(w http.ResponseWriter) { fmt.Fprintf(w, `{"issuer":"https://sts.example/%s/v2.0"}`, id) }, strings.ToLower(id), 0, ""},
		"a GUID is not asked": {id, nil, strings.ToLower(id), 0, ""},
		"no such domain": {"contosso.com", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'contosso.com' not found.","error_codes":[90002],"trace_id":"t"}`)
		}, "No tenant in the cloud Custom has the domain contosso.com", fault.Denied, "Look for a typing error"},
		"another cloud": {"contoso.us", func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"issuer":"https://login.microsoftonline.us/%s/v2.0"}`, id)
		},
			"The tenant of contoso.us is in another cloud than Custom", fault.Denied, "Set the credential's cloud to gcc-high or dod."},
		"a portal answers":    {"contoso.com", func(w http.ResponseWriter) { fmt.Fprint(w, "<html>please sign in</html>") }, "not what the API sends", fault.Unavailable, "A proxy or a sign-in portal"},
		"no ID in it":         {"contoso.com", func(w http.ResponseWriter) { fmt.Fprint(w, `{"issuer":"https://sts.example/common/v2.0"}`) }, "does not say which tenant contoso.com is", fault.Unavailable, "Directory (tenant) ID"},
		"Entra is in trouble": {"contoso.com", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, "HTTP 503", fault.Unavailable, "tried again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if want := "/" + strings.ToLower(c.domain) + "/v2.0/.well-known/openid-configuration"; r.URL.Path != want || c.answer == nil {
					t.Errorf("asked for %s, want %s", r.URL.Path, want)
				}
				c.answer(w)
			}))
			t.Cleanup(server.Close)
			got, err := TenantID(t.Context(), connector.Env{
				Credential: &connector.Credential{Name: "c", Cloud: Custom, Endpoints: connector.Endpoints{Login: server.URL}, TenantID: c.domain, ClientID: testClient},
				Transport:  server.Client().Transport, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			})
			if c.class == fault.Internal {
				if err != nil || got != c.want {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || fault.ClassOf(err) != c.class || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("got %q, %v (%s; %s)", got, err, fault.ClassOf(err), fault.HintOf(err))
			}
		})
	}
}

func TestADomainsHostThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	transport := server.Client().Transport
	server.Close()
	_, err := TenantID(t.Context(), connector.Env{
		Credential: &connector.Credential{Name: "c", Cloud: Custom, Endpoints: connector.Endpoints{Login: server.URL}, TenantID: "contoso.com", ClientID: testClient},
		Transport:  transport, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if f, ok := fault.As(err); !ok || f.Code != "connection_refused" || f.Class != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}
