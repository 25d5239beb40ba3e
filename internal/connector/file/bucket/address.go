package bucket

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/headrace/headrace/internal/fault"
)

// An address names a bucket and what of it is read: s3://bucket/folder?region=eu-central-1.
type address struct {
	scheme string
	bucket string
	key    string     // a prefix, or an object; "": all
	query  url.Values // how the cloud is reached
}

// String is the address for people, without its parameters.
func (a address) String() string { return a.scheme + "://" + a.bucket + "/" + a.key }

// parameters are what an address may say of how the storage is reached. None is a secret. Those of S3 and Azure are the
// ones of gocloud.dev/blob.
var parameters = map[string][]string{
	"s3": {"region", "endpoint", "profile", "role", "anonymous", "use_path_style", "disable_https", "hostname_immutable", "accelerate",
		"dualstack", "fips", "request_checksum_calculation", "response_checksum_validation"},
	"azblob": {"storage_account", "domain", "protocol", "cdn", "localemu"},
	"gs":     {"anonymous", "endpoint"},
}

// Is tells whether a path is an address of this package's; what else may be wrong with it says Problem.
func Is(path string) bool {
	scheme, _, ok := strings.Cut(path, "://")
	return ok && parameters[scheme] != nil
}

// Problem says what is wrong with an address; "": nothing. It repeats nothing that could be a secret.
func Problem(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return "is no URL; write it like s3://bucket/folder?region=eu-central-1, and a blank as %20"
	}
	known := parameters[u.Scheme]
	switch {
	case known == nil:
		return fmt.Sprintf("%s:// is not something that this source can read; give a folder, or s3://, azblob:// or gs:// with a bucket", u.Scheme)
	case u.User != nil:
		return "holds a name or a secret before the @; the keys that sign in come from the environment (" + chain[u.Scheme] + ")"
	case u.Host == "":
		return fmt.Sprintf("names no bucket; write it like %s://bucket/folder", u.Scheme)
	case u.Fragment != "":
		return "holds a #; write it as %23"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "has parameters behind the ? that can't be read; write them like ?region=eu-central-1"
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case name == "prefix":
			return fmt.Sprintf("prefix is written as the path: %s://%s/the/prefix", u.Scheme, u.Host)
		case !slices.Contains(known, name):
			return fmt.Sprintf("%q is no parameter of %s://; there are %s. A secret does not belong here: the keys that sign in come from the environment (%s)",
				name, u.Scheme, strings.Join(known, ", "), chain[u.Scheme])
		case len(query[name]) > 1:
			return fmt.Sprintf("%s is there twice", name)
		}
	}
	return ""
}

// chain is where each cloud's client looks for keys, for people.
var chain = map[string]string{
	"s3":     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, or the role of the machine or container",
	"azblob": "AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING; or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or the managed identity of the machine",
	"gs":     "GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or the service account of the machine",
}

func parse(path string) (address, error) {
	if problem := Problem(path); problem != "" {
		return address{}, (&fault.Error{Class: fault.Invalid, Code: "address_wrong", Title: "the path " + problem})
	}
	u, err := url.Parse(path)
	if err != nil {
		return address{}, fault.New(fault.Invalid, "the path is no URL").WithCode("address_wrong")
	}
	return address{scheme: u.Scheme, bucket: u.Host, key: strings.TrimPrefix(u.Path, "/"), query: u.Query()}, nil
}

// store opens the cloud's client. The keys it finds are refreshed for as long as it is open.
func (a address) store(ctx context.Context) (store, error) {
	switch a.scheme {
	case "s3":
		return openS3(ctx, a)
	case "azblob":
		return openAzure(ctx, a)
	case "gs":
		return openGoogle(ctx, a)
	}
	return nil, fault.New(fault.Internal, "no storage for %s://", a.scheme)
}
