package m365sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// admin answers the simulator's own paths, for tests in other processes. README.md describes them.
func (s *Simulator) admin(w http.ResponseWriter, r *http.Request) {
	handlers := map[string]func(http.ResponseWriter, *http.Request) (any, error){
		"GET /_sim/tenants":  func(http.ResponseWriter, *http.Request) (any, error) { return s.Tenants(), nil },
		"GET /_sim/ledger":   s.adminLedger,
		"GET /_sim/records":  s.adminRecords,
		"POST /_sim/compare": s.adminCompare,
		"GET /_sim/clock":    s.adminClock,
		"POST /_sim/clock":   s.adminMoveClock,
		"GET /_sim/faults":   func(http.ResponseWriter, *http.Request) (any, error) { return s.faults.list(), nil },
		"POST /_sim/faults":  s.adminFaults,
		"POST /_sim/tenant":  s.adminTenant,
		"GET /_sim/ca":       s.adminCA,

		"GET /_sim/graph":             s.adminGraph,
		"GET /_sim/graph/items":       s.adminGraphItems,
		"POST /_sim/graph/compare":    s.adminGraphCompare,
		"POST /_sim/graph/connection": s.adminGraphConnection,
	}
	handler := handlers[r.Method+" "+r.URL.Path]
	if handler == nil {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "the simulator has no " + r.Method + " " + r.URL.Path})
		return
	}
	answer, err := handler(w, r)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if answer != nil {
		writeJSON(w, http.StatusOK, answer)
	}
}

func (s *Simulator) adminLedger(_ http.ResponseWriter, r *http.Request) (any, error) {
	if r.URL.Query().Has("tenant") {
		ledger, err := s.Ledger(r.URL.Query().Get("tenant"))
		if err != nil {
			return nil, err
		}
		return ledger.Summary(), nil
	}
	summaries := []LedgerSummary{}
	for _, t := range s.tenants {
		summaries = append(summaries, (&Ledger{s, t}).Summary())
	}
	return summaries, nil
}

// adminRecords streams a ledger's records as NDJSON.
func (s *Simulator) adminRecords(w http.ResponseWriter, r *http.Request) (any, error) {
	ledger, err := s.Ledger(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	for record, err := range ledger.Records() {
		if err != nil {
			return nil, err
		}
		line := struct {
			LedgerRecord
			SHA256      string    `json:"sha256"`
			ContentType string    `json:"contentType"`
			Available   time.Time `json:"available"`
			Expires     time.Time `json:"expires"`
			Never       string    `json:"never,omitempty"`
		}{record, fmt.Sprintf("%x", record.SHA256), record.Blob.ContentType, record.Blob.Available, record.Blob.Expires, record.Blob.Never}
		if err := encoder.Encode(line); err != nil {
			return nil, nil // the client has gone
		}
	}
	return nil, nil
}

// adminCompare measures a body of records or Ids, one a line.
func (s *Simulator) adminCompare(_ http.ResponseWriter, r *http.Request) (any, error) {
	query := r.URL.Query()
	ledger, err := s.Ledger(query.Get("tenant"))
	if err != nil {
		return nil, err
	}
	how := Comparison{ContentTypes: query["contentType"]}
	for name, at := range map[string]*time.Time{"since": &how.Since, "until": &how.Until} {
		if text := query.Get(name); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, fmt.Errorf("%s: %q is not a time such as 2026-01-02T15:04:05Z", name, text)
			}
		}
	}
	var failed error
	lines := func(yield func([]byte) bool) {
		reader := bufio.NewReaderSize(r.Body, 1<<20)
		for {
			line, err := readLine(reader)
			if body := bytes.TrimSpace(line); len(body) > 0 && !yield(body) {
				return
			}
			if err != nil {
				if len(line) == 0 && err.Error() != "EOF" {
					failed = err
				}
				return
			}
		}
	}
	var d Difference
	if query.Get("of") == "ids" {
		d, err = ledger.Compare(func(yield func(string) bool) {
			lines(func(line []byte) bool { return yield(string(line)) })
		}, how)
	} else {
		d, err = ledger.CompareRecords(lines, how)
	}
	if err == nil {
		err = failed
	}
	return d, err
}

type clockState struct {
	Now      time.Time `json:"now"`     // the clock's
	Service  time.Time `json:"service"` // the service's: the clock's and the skew
	Began    time.Time `json:"began"`   // the scenario, in the service's time
	Standing bool      `json:"standing"`
}

func (s *Simulator) adminClock(http.ResponseWriter, *http.Request) (any, error) {
	return clockState{s.clock.Now(), s.now(), s.epoch, s.clock.Standing()}, nil
}

func (s *Simulator) adminMoveClock(w http.ResponseWriter, r *http.Request) (any, error) {
	var move struct {
		Advance string    `json:"advance"`
		Set     time.Time `json:"set"`
	}
	if err := readStrict(r, &move); err != nil {
		return nil, err
	}
	if move.Advance != "" {
		d, err := parseDuration(move.Advance)
		if err != nil {
			return nil, err
		}
		s.clock.Advance(d)
	}
	if !move.Set.IsZero() {
		s.clock.Set(move.Set)
	}
	return s.adminClock(w, r)
}

func (s *Simulator) adminFaults(_ http.ResponseWriter, r *http.Request) (any, error) {
	var faults []Fault
	if err := readStrict(r, &faults); err != nil {
		return nil, err
	}
	if err := s.SetFaults(faults...); err != nil {
		return nil, err
	}
	return s.faults.list(), nil
}

// adminTenant changes one tenant: its audit log, an administrator's disabling of a subscription, an app's roles.
func (s *Simulator) adminTenant(_ http.ResponseWriter, r *http.Request) (any, error) {
	var change struct {
		Tenant   string   `json:"tenant"`
		AuditLog string   `json:"auditLog"`
		Disable  []string `json:"disable"`
		ClientID string   `json:"clientId"`
		Roles    []string `json:"roles"`
		Secrets  []Secret `json:"secrets"`
	}
	if err := readStrict(r, &change); err != nil {
		return nil, err
	}
	info, err := s.Tenant(orElse(change.Tenant, s.tenants[0].Name))
	if err != nil {
		return nil, err
	}
	if change.AuditLog != "" {
		if err := s.SetAuditLog(info.Name, change.AuditLog == "on"); err != nil {
			return nil, err
		}
	}
	for _, contentType := range change.Disable {
		if err := s.DisableSubscription(info.Name, change.ClientID, contentType); err != nil {
			return nil, err
		}
	}
	app := orElse(change.ClientID, info.ClientID)
	if change.Roles != nil {
		if err := s.SetRoles(info.Name, app, change.Roles...); err != nil {
			return nil, err
		}
	}
	if change.Secrets != nil {
		if err := s.SetSecrets(info.Name, app, change.Secrets...); err != nil {
			return nil, err
		}
	}
	return s.Tenant(info.Name)
}

func (s *Simulator) adminCA(w http.ResponseWriter, _ *http.Request) (any, error) {
	pem := s.CAPEM()
	w.Header().Set("Content-Length", strconv.Itoa(len(pem)))
	writeRaw(w, http.StatusOK, "application/x-pem-file", pem)
	return nil, nil
}

func readStrict(r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	return nil
}

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a duration such as "90s" or "7d".
func (d *Duration) UnmarshalJSON(text []byte) error {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return fmt.Errorf("a duration is a text such as \"90s\": %w", err)
	}
	parsed, err := parseDuration(word)
	*d = Duration(parsed)
	return err
}
