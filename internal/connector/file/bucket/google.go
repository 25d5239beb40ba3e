package bucket

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/headrace/headrace/internal/fault"
)

// googleStore is a bucket of Google Cloud Storage, by its JSON API: two requests. Google's own client (and with it gocloud's
// driver) would make the binary 21 MB larger and an idle server's memory half as large again.
type googleStore struct {
	bucket string
	host   string
	client *http.Client
}

const (
	googleHost = "https://storage.googleapis.com"
	// emulator names a storage on this machine, as Google's own clients understand it; it gets no token.
	emulator = "STORAGE_EMULATOR_HOST"
	// googleScope is all that is needed.
	googleScope = "https://www.googleapis.com/auth/devstorage.read_only"
	mostPage    = 64 << 20
	mostRefusal = 64 << 10
)

func openGoogle(ctx context.Context, a address) (store, error) {
	s := &googleStore{bucket: a.bucket, host: googleHost}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // an object that is stored packed comes as it is, and as large as it was listed
	base := &http.Client{Transport: transport}
	s.client = base
	if host := os.Getenv(emulator); host != "" {
		if !strings.Contains(host, "://") {
			host = "http://" + host
		}
		s.host = strings.TrimSuffix(host, "/")
		return s, nil
	}
	if a.query.Get("anonymous") == "true" {
		return s, nil
	}
	// The source of tokens lives as long as the store, not as long as this call.
	found, err := google.FindDefaultCredentials(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, base), googleScope)
	if err != nil {
		return nil, noKeys(ctx, a, err)
	}
	s.client = &http.Client{Transport: &oauth2.Transport{Base: transport, Source: found.TokenSource}}
	return s, nil
}

func (s *googleStore) close() error {
	s.client.CloseIdleConnections()
	return nil
}

// get asks for something below /storage/v1/b.
func (s *googleStore) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.host+"/storage/v1/b/"+url.PathEscape(s.bucket)+"/o"+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, fault.New(fault.Internal, "make a request: %w", bare(err))
	}
	if query.Get("alt") == "media" {
		req.Header.Set("Accept-Encoding", "gzip") // else what is stored packed is unpacked on its way
	}
	resp, err := s.client.Do(req)
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		return nil, answer{service: "google-storage", code: codeNoKeys, text: cmp.Or(refused.ErrorDescription, refused.ErrorCode, "Google gives no token")}.class(err)
	case err != nil:
		return nil, bare(err)
	case resp.StatusCode != http.StatusOK:
		return nil, s.refusal(resp)
	}
	return resp, nil
}

// refusal reads what Google says of a request (cloud.google.com/storage/docs/json_api/v1/status-codes); a download that is
// refused has its reason as plain text.
func (s *googleStore) refusal(resp *http.Response) error {
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, mostRefusal))
	var said struct {
		Error struct {
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	a := answer{service: "google-storage", status: resp.StatusCode, request: resp.Header.Get("X-Guploader-Uploadid")}
	if json.Unmarshal(text, &said) == nil {
		a.text = said.Error.Message
		if len(said.Error.Errors) > 0 {
			a.code = said.Error.Errors[0].Reason
		}
	} else {
		a.text, _, _ = strings.Cut(string(text), "\n")
	}
	return a.class(fmt.Errorf("HTTP %s", resp.Status))
}

// googleObject is an object as the API has it (…/json_api/v1/objects).
type googleObject struct {
	Name       string    `json:"name"`
	Size       string    `json:"size"`
	Updated    time.Time `json:"updated"`
	Generation string    `json:"generation"`
}

func (s *googleStore) page(ctx context.Context, prefix, token string, size int) ([]object, string, error) {
	query := url.Values{"maxResults": {strconv.Itoa(size)}, "fields": {"nextPageToken,items(name,size,updated,generation)"}}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	if token != "" {
		query.Set("pageToken", token)
	}
	resp, err := s.get(ctx, "", query)
	if f, ok := fault.As(err); ok && f.Class == fault.NotFound {
		return nil, "", answer{service: "google-storage", status: http.StatusNotFound, code: "NoSuchBucket", text: f.Title}.class(err)
	}
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var page struct {
		Next  string         `json:"nextPageToken"`
		Items []googleObject `json:"items"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostPage)).Decode(&page); err != nil {
		return nil, "", fmt.Errorf("read the listing: %w", err)
	}
	out := make([]object, 0, len(page.Items))
	for _, o := range page.Items {
		n, err := strconv.ParseInt(o.Size, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("read the listing: size %.20q of %s", o.Size, o.Name)
		}
		out = append(out, object{key: o.Name, size: n, modified: o.Updated.UTC().Truncate(time.Second), tag: o.Generation})
	}
	return out, page.Next, nil
}

// open tells the version from the download's own headers.
func (s *googleStore) open(ctx context.Context, key string) (io.ReadCloser, object, error) {
	resp, err := s.get(ctx, "/"+url.PathEscape(key), url.Values{"alt": {"media"}})
	if err != nil {
		return nil, object{}, err
	}
	o := object{key: key, size: resp.ContentLength, tag: resp.Header.Get("X-Goog-Generation")}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		o.modified = at.UTC()
	}
	if n, err := strconv.ParseInt(resp.Header.Get("X-Goog-Stored-Content-Length"), 10, 64); err == nil {
		o.size = n
	}
	return resp.Body, o, nil
}
