package m365sim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/headrace/headrace/internal/m365sim/graph"
)

// adminGraph answers what a tenant's Microsoft Graph holds, but for the items.
func (s *Simulator) adminGraph(_ http.ResponseWriter, r *http.Request) (any, error) {
	t, err := s.tenantNamed(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	return struct {
		Tenant      string             `json:"tenant"`
		Connections []graph.Connection `json:"connections"`
		Requests    Requests           `json:"requests"`
	}{t.Name, t.graph.Connections(), t.requests.snapshot()}, nil
}

// adminGraphItems streams a connection's items as NDJSON.
func (s *Simulator) adminGraphItems(w http.ResponseWriter, r *http.Request) (any, error) {
	t, err := s.tenantNamed(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	items, err := t.graph.Items(r.URL.Query().Get("connection"))
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for item := range items {
		if err := encoder.Encode(item); err != nil {
			return nil, nil // the client has gone
		}
	}
	return nil, nil
}

// adminGraphCompare holds a connection's items against lines of {"id": …, "body": …}.
func (s *Simulator) adminGraphCompare(_ http.ResponseWriter, r *http.Request) (any, error) {
	t, err := s.tenantNamed(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	var failed error
	difference, err := t.graph.Compare(r.URL.Query().Get("connection"), func(yield func(string, []byte) bool) {
		decoder := json.NewDecoder(bufio.NewReader(r.Body))
		for {
			var line struct {
				ID   string          `json:"id"`
				Body json.RawMessage `json:"body"`
			}
			if err := decoder.Decode(&line); err != nil {
				if !errors.Is(err, io.EOF) {
					failed = fmt.Errorf("read the items to compare with: %w", err)
				}
				return
			}
			if !yield(line.ID, line.Body) {
				return
			}
		}
	})
	return difference, errors.Join(err, failed)
}

// adminGraphConnection does to a connection what an administrator, or Microsoft, does.
func (s *Simulator) adminGraphConnection(_ http.ResponseWriter, r *http.Request) (any, error) {
	var change struct {
		Tenant     string `json:"tenant"`
		Connection string `json:"connection"`
		Delete     bool   `json:"delete"`
		Obsolete   *bool  `json:"obsolete"`
	}
	if err := readStrict(r, &change); err != nil {
		return nil, err
	}
	t, err := s.tenantNamed(change.Tenant)
	if err != nil {
		return nil, err
	}
	if change.Delete {
		if !t.graph.RemoveConnection(change.Connection) {
			return nil, fmt.Errorf("the simulated tenant has no connection %q", change.Connection)
		}
		return t.graph.Connections(), nil
	}
	if change.Obsolete != nil {
		if err := t.graph.SetObsolete(change.Connection, *change.Obsolete); err != nil {
			return nil, err
		}
	}
	return t.graph.Connection(change.Connection)
}
