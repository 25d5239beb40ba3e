package api

import "net/http"

// Paths beside the operations'.
const (
	EventsPath  = Prefix + "/events" // server-sent events, for viewers
	MetricsPath = "/metrics"         // for Prometheus, which signs in as a viewer with an API token
)

// viewers lets through whoever may see things.
func (d *door) viewers(name string, next http.Handler) http.Handler {
	gate := Operation[None, None]{Name: name}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := gate.permit(r.Context()); err != nil {
			d.fail(w, r, name, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
