package office365

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector/connectortest"
	"github.com/headrace/headrace/internal/fault"
)

// A blobCase is a blob as a service sends it.
type blobCase struct {
	MaxRecord int `json:"maxRecord"`
}

// TestBlobCases reads testdata/cases/<what happens>/: settings.json, remote.json, want.ndjson. A line of want.ndjson is
// a record with its key, time and body, or its refusal, or the error that ends the blob.
func TestBlobCases(t *testing.T) {
	t.Parallel()
	connectortest.Cases(t, func(t *testing.T, c connectortest.Case) {
		var settings blobCase
		c.Settings(t, &settings)
		c.Want(t, "want.ndjson", tellBlob(t, c.Read(t, "remote.json"), settings.MaxRecord))
	})
}

func tellBlob(t *testing.T, blob []byte, most int) []byte {
	t.Helper()
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	lines.SetEscapeHTML(false)
	s := newSplitter(bytes.NewReader(blob), most)
	for {
		e, err := s.next()
		line := map[string]any{"key": e.key, "body": string(e.raw)}
		if !e.time.IsZero() {
			line["time"] = e.time
		}
		if e.refused != nil {
			line["refused"] = e.refused.Error()
		}
		if err != nil {
			line = map[string]any{"end": err.Error()}
		}
		if encodeErr := lines.Encode(line); encodeErr != nil {
			t.Fatal(encodeErr)
		}
		if err != nil {
			return out.Bytes()
		}
	}
}

// TestRealRecordsKeepTheirBytes takes blobs made of real records apart. Set HEADRACE_DATA to the folder with o365/.
func TestRealRecordsKeepTheirBytes(t *testing.T) {
	t.Parallel()
	data := os.Getenv("HEADRACE_DATA")
	if data == "" {
		t.Skip("HEADRACE_DATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(data, "o365", "*.ndjson"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no records in %s: %v", data, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		records := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
		got, end := all(bytes.NewReader([]byte("["+string(bytes.Join(records, []byte(",")))+"]")), 32_000_000)
		if len(got) != len(records) {
			t.Fatalf("%s: %d records, want %d (%v)", file, len(got), len(records), end)
		}
		for i, e := range got {
			var want struct{ Id, CreationTime string }
			if err := json.Unmarshal(records[i], &want); err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			if !bytes.Equal(e.raw, bytes.TrimSpace(records[i])) || e.refused != nil || e.key != want.Id || e.time.IsZero() != (want.CreationTime == "") {
				t.Errorf("%s:%d: key %q, time %v, refused %v; want key %q, time %q and the same bytes", file, i+1, e.key, e.time, e.refused, want.Id, want.CreationTime)
			}
		}
	}
}

func TestListItems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		item, id string
		bad      bool
	}{
		"as documented":      {item: `{"contentType":"Audit.SharePoint","contentId":"a$b","contentUri":"https://x/activity/feed/audit/a$b","contentCreated":"2026-11-20T10:00:00.5Z","contentExpiration":"2026-11-27T10:00:00.5Z"}`, id: "a$b"},
		"the ID in the URI":  {item: `{"contentUri":"https://x/activity/feed/audit/a%24b"}`, id: "a$b"},
		"no ID at all":       {item: `{"contentType":"Audit.SharePoint"}`, bad: true},
		"no object":          {item: `"x"`, bad: true},
		"a number for an ID": {item: `{"contentId":5}`, bad: true},
	} {
		got, err := readContent(json.RawMessage(c.item))
		if (err != nil) != c.bad || got.ContentID != c.id && !c.bad {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if c.bad && fault.ClassOf(err) != fault.Unavailable {
			t.Errorf("%s: class %v, want Unavailable: the window is listed again, not taken for empty", name, fault.ClassOf(err))
		}
	}
}

func TestSplitsOfABlob(t *testing.T) {
	t.Parallel()
	c := content{ContentID: "id", ContentURI: "u", Created: "2026-11-20T11:50:00.123Z", Expiration: "2026-11-27T11:50:00.123Z"}
	both := func(time.Time) bool { return true }
	got := c.splits("Audit.General", noon, 15*time.Minute, time.Minute, both)
	if len(got) != 2 || got[0].ID != "id" || got[1].ID != "id#settled" || !got[0].Ready.IsZero() || !got[1].Ready.Equal(noon.Add(14*time.Minute)) {
		t.Fatalf("splits %+v, want one now and one a lag later by our own clock, a minute behind", got)
	}
	if !got[0].Expires.Equal(time.Date(2026, 11, 27, 11, 50, 0, 123e6, time.UTC)) || got[0].Time.Location() != time.UTC {
		t.Errorf("expires %v", got[0].Expires)
	}
	odd := content{ContentID: "id", Created: "never", Expiration: ""}
	one := odd.splits("x", noon, time.Minute, 0, func(time.Time) bool { return false })
	if len(one) != 1 || !one[0].Time.Equal(noon) || !one[0].Expires.Equal(noon.Add(7*day)) {
		t.Errorf("a blob without times: %+v", one)
	}
	old := content{ContentID: "id", Created: "2026-11-13T13:00:00Z", Expiration: "2026-11-20T13:00:00Z"} // an hour to live
	if got := old.splits("Audit.General", noon, 15*time.Minute, 0, both); len(got) != 1 {
		t.Errorf("a blob that is about to expire becomes %+v: the second would be reported as lost, though the first was read", got)
	}
}

func FuzzListAnswer(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"contentId":"a","contentUri":"https://x/y","contentCreated":"2026-11-20T10:00:00Z"}]`, `{"error":{"code":"AF20022"}}`, `<html>`, `[{}]`, `[null]`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := httptest.NewRecorder()
		_, _ = answer.Write(body)
		resp := answer.Result()
		resp.Request = httptest.NewRequest(http.MethodGet, "https://manage.example/", nil)
		var items []json.RawMessage
		if err := decode(resp, &items); err != nil {
			if fault.ClassOf(err) != fault.Unavailable {
				t.Fatalf("an unreadable list is %v", err)
			}
			return
		}
		for _, raw := range items {
			c, err := readContent(raw)
			if err != nil {
				continue
			}
			for _, s := range c.splits("Audit.General", noon, time.Minute, 0, func(at time.Time) bool { return at.After(noon) }) {
				if s.ID == "" || s.Time.IsZero() || !json.Valid(s.Locator) {
					t.Fatalf("split %+v of %s", s, raw)
				}
			}
		}
	})
}

func TestPublisherIsAddedOnce(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://h/p":                            "https://h/p?PublisherIdentifier=me",
		"https://h/p?a=b":                        "https://h/p?a=b&PublisherIdentifier=me",
		"https://h/p?publisheridentifier=other":  "https://h/p?publisheridentifier=other",
		"https://h/p?starttime=a%3Ab&nextPage=2": "https://h/p?starttime=a%3Ab&nextPage=2&PublisherIdentifier=me",
	} {
		if got := withPublisher(address, "me"); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := stamp(noon); got != "2026-11-20T12:00:00" || strings.Contains(fmt.Sprint(got), "Z") {
		t.Errorf("stamp %s", got)
	}
}
