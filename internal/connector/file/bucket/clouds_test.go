package bucket_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/headrace/headrace/internal/connector/file/bucket"
	"github.com/headrace/headrace/internal/fault"
)

// objects are those of the small servers below, two to a page.
var objects = map[string]string{"docs/a.md": "A", "docs/hr/b.md": "BB", "docs/hr/c d.md": "CCC", "docs/.hidden.md": "x", "other.md": "x"}

const generation = "1768000000000001"

// googleServer speaks what of Google's JSON API is used (cloud.google.com/storage/docs/json_api/v1).
func googleServer(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutPrefix(r.URL.Path, "/storage/v1/b/contoso/o")
	refuse := func(status int, reason string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"error":{"code":%d,"message":"Words of the service","errors":[{"reason":%q}]}}`, status, reason)
	}
	switch {
	case r.Header.Get("Authorization") != "":
		refuse(http.StatusBadRequest, "an emulator gets no token")
	case !found && strings.HasPrefix(r.URL.Path, "/storage/v1/b/closed/"):
		refuse(http.StatusForbidden, "forbidden")
	case !found:
		refuse(http.StatusNotFound, "notFound")
	case name == "":
		keys, next := paged(r.URL.Query().Get("prefix"), r.URL.Query().Get("pageToken"), r.URL.Query().Get("maxResults"))
		page := map[string]any{"nextPageToken": next}
		var items []map[string]string
		for _, k := range keys {
			items = append(items, map[string]string{"name": k, "size": strconv.Itoa(len(objects[k])), "updated": "2026-03-14T15:09:26.535Z", "generation": generation})
		}
		page["items"] = items
		_ = json.NewEncoder(w).Encode(page)
	default:
		text, ok := objects[strings.TrimPrefix(name, "/")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "No such object: contoso/"+name)
			return
		}
		w.Header().Set("X-Goog-Generation", generation)
		w.Header().Set("Last-Modified", "Sat, 14 Mar 2026 15:09:27 GMT") // one second off: not what a version is known by
		_, _ = io.WriteString(w, text)
	}
}

func paged(prefix, token, most string) (keys []string, next string) {
	var all []string
	for k := range objects {
		if strings.HasPrefix(k, prefix) {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	i, _ := strconv.Atoi(strings.TrimPrefix(token, "page-"))
	n, _ := strconv.Atoi(most)
	end := min(i+min(n, 2), len(all))
	if end < len(all) {
		next = fmt.Sprintf("page-%d", end)
	}
	return all[i:end], next
}

// azureServer speaks List Blobs and Get Blob (learn.microsoft.com/rest/api/storageservices).
func azureServer(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutPrefix(r.URL.Path, "/contosostore/docs")
	refuse := func(status int, code string) {
		w.Header().Set("x-ms-error-code", code)
		w.Header().Set("x-ms-request-id", "REQ1")
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>Words of the service</Message></Error>`, code)
	}
	type blobXML struct {
		Name       string `xml:"Name"`
		Properties struct {
			Modified string `xml:"Last-Modified"`
			Etag     string `xml:"Etag"`
			Length   int    `xml:"Content-Length"`
			Resource string `xml:"ResourceType,omitempty"`
		} `xml:"Properties"`
	}
	switch {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "SharedKey contosostore:"):
		refuse(http.StatusForbidden, "AuthenticationFailed")
	case strings.HasPrefix(r.URL.Path, "/contosostore/closed"):
		refuse(http.StatusForbidden, "AuthorizationPermissionMismatch")
	case !found:
		refuse(http.StatusNotFound, "ContainerNotFound")
	case name == "":
		var page struct {
			XMLName xml.Name  `xml:"EnumerationResults"`
			Blobs   []blobXML `xml:"Blobs>Blob"`
			Next    string    `xml:"NextMarker"`
		}
		var keys []string
		keys, page.Next = paged(r.URL.Query().Get("prefix"), r.URL.Query().Get("marker"), r.URL.Query().Get("maxresults"))
		for _, k := range keys {
			b := blobXML{Name: k}
			b.Properties.Modified, b.Properties.Etag, b.Properties.Length = "Sat, 14 Mar 2026 15:09:26 GMT", "0x8DEADBEEF", len(objects[k])
			page.Blobs = append(page.Blobs, b)
		}
		w.Header().Set("Content-Type", "application/xml")
		_ = xml.NewEncoder(w).Encode(page)
	default:
		text, ok := objects[strings.TrimPrefix(name, "/")]
		if !ok {
			refuse(http.StatusNotFound, "BlobNotFound")
			return
		}
		w.Header().Set("ETag", `"0x8DEADBEEF"`)
		w.Header().Set("Last-Modified", "Sat, 14 Mar 2026 15:09:26 GMT")
		_, _ = io.WriteString(w, text)
	}
}

// The other two clouds: the same listing, the same versions, the same classes. They are told by the environment where to go
// and with which key, so this test is alone.
func TestOtherClouds(t *testing.T) {
	google := httptest.NewServer(http.HandlerFunc(googleServer))
	defer google.Close()
	azure := httptest.NewServer(http.HandlerFunc(azureServer))
	defer azure.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(google.URL, "http://"))
	t.Setenv("AZURE_STORAGE_ACCOUNT", "contosostore")
	t.Setenv("AZURE_STORAGE_KEY", "a2V5")
	at := "?protocol=http&domain=" + strings.TrimPrefix(azure.URL, "http://")
	for name, c := range map[string]struct{ there, missing, closed string }{
		"google": {"gs://contoso/docs", "gs://nothing", "gs://closed"},
		"azure":  {"azblob://docs/docs" + at, "azblob://nothing" + at, "azblob://closed" + at},
	} {
		t.Run(name, func(t *testing.T) {
			place := open(t, c.there, bucket.Options{})
			w := place.Walk("", nil)
			var names []string
			for {
				f, err := w.Next(context.Background())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, f.Path)
				if text, now := content(t, place, f.Path); text != objects["docs/"+f.Path] || !now.Same(f) || f.Tag == "" {
					t.Errorf("%q, %+v, listed %+v", text, now, f)
				}
			}
			if got := strings.Join(names, " "); got != "a.md hr/b.md hr/c d.md" {
				t.Errorf("got %q", got)
			}
			if _, err := place.Open(context.Background(), "gone.md"); fault.ClassOf(err) != fault.NotFound {
				t.Errorf("an object that is gone: %v", err)
			}
			for address, want := range map[string]struct {
				class fault.Class
				code  string
			}{c.missing: {fault.Unavailable, "bucket_missing"}, c.closed: {fault.Denied, "permission_denied"}} {
				_, err := bucket.Open(context.Background(), address, bucket.Options{})
				if f, ok := fault.As(err); !ok || f.Class != want.class || f.Code != want.code || f.Hint == "" {
					t.Errorf("%s: %v, %+v", address, err, f)
				}
			}
		})
	}
}

// Who finds no keys is told where they are looked for, and no token goes to a stranger.
func TestNoKeys(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "STORAGE_EMULATOR_HOST", "AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING"} {
		t.Setenv(name, "")
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
	for address, want := range map[string]string{
		"s3://contoso?region=eu-central-1": "AWS_ACCESS_KEY_ID",
		"gs://contoso":                     "GOOGLE_APPLICATION_CREDENTIALS",
		"azblob://docs?storage_account=contoso&domain=storage.example.org": "AZURE_STORAGE_DOMAIN",
	} {
		_, err := bucket.Open(context.Background(), address, bucket.Options{})
		if f, ok := fault.As(err); !ok || f.Class != fault.Denied && f.Class != fault.Invalid || !strings.Contains(f.Hint, want) {
			t.Errorf("%s: %v, %+v", address, err, f)
		}
	}
}
