package m365sim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestProxyLeadsFixedHostsToTheSimulator(t *testing.T) {
	t.Parallel()
	sim := open(t, nil)
	c := newConnector(t, sim)
	address, err := url.Parse(sim.ProxyURL())
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport.(*http.Transport).Proxy = http.ProxyURL(address)
	for _, host := range []string{"graph.microsoft.com", "graph.microsoft.us"} {
		if got := c.do("GET", "https://"+host+connections, nil, nil); got.err != nil || got.status != 200 || !strings.Contains(string(got.body), "https://"+host+"/v1.0/$metadata") {
			t.Errorf("%s: %d %s (%v)", host, got.status, got.body, got.err)
		}
	}
	form := c.form()
	got := c.do("POST", "https://login.microsoftonline.com/"+c.tenant.ID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if got.err != nil || got.status != 200 {
		t.Errorf("sign in: %d %s (%v)", got.status, got.body, got.err)
	}
	for _, other := range []string{"https://example.com/", "https://evilgraph.microsoft.com/", "http://graph.microsoft.com/"} {
		if got := c.do("GET", other, nil, nil); got.err == nil && got.status != http.StatusForbidden {
			t.Errorf("%s is answered %d", other, got.status)
		}
	}
}
