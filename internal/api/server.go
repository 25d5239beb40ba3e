package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/telemetry"
)

// Handler answers requests for operations. Bodies are never logged.
func Handler(s *Services, log *slog.Logger) http.Handler {
	endpoints := map[string]Endpoint{}
	for _, e := range All() {
		name, _, _ := e.Info()
		endpoints[name] = e
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+prefix+"{name}", func(w http.ResponseWriter, r *http.Request) {
		id, name := strings.ToLower(rand.Text()[:16]), r.PathValue("name")
		out, err := answer(w, r, s, endpoints[name], name)
		log.DebugContext(r.Context(), "request", telemetry.Op, name, telemetry.RequestID, id, telemetry.Class, classOf(err))
		if err != nil {
			writeProblem(w, err, id)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(out)
	})
	return mux
}

func classOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.ClassOf(err).String()
}

func answer(w http.ResponseWriter, r *http.Request, s *Services, e Endpoint, name string) (any, error) {
	if e == nil {
		return nil, fault.New(fault.NotFound, "this server has no operation %q", name).WithHint("Is it of another version? headrace version")
	}
	// A page in a browser cannot send this header to a socket or to another origin without being asked first.
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil, fault.New(fault.Invalid, "the request is not JSON")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, fault.New(fault.Invalid, "the request is larger than %d MB", maxRequest>>20)
		}
		return nil, fault.New(fault.Canceled, "read the request: %w", err)
	}
	return e.serve(r.Context(), s, body)
}

// Serve answers on a listener until ctx ends; then requests under way have a few seconds.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
