package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/headrace/headrace/internal/fault"
)

// APIVersion is what every document of a file begins with.
const APIVersion = "headrace/v1"

// Kinds are the kinds of documents, in the order in which they are applied: what is used comes before what uses it.
func Kinds() []string { return []string{"Credential", "Source", "Destination", "Flow"} }

// A File is one file as it was read.
type File struct {
	Name string `json:"name"` // for messages
	Text []byte `json:"text"`
}

// A Document is one object as it stands in a file.
type Document struct {
	File        string
	Line        int
	Kind        string // of Kinds
	Name        string
	Description string
	Spec        *yaml.Node // a mapping
}

// Title names the document in messages: "Source contoso-activity".
func (d Document) Title() string { return strings.TrimSpace(d.Kind + " " + d.Name) }

type envelope struct {
	APIVersion string    `yaml:"apiVersion"`
	Kind       string    `yaml:"kind"`
	Metadata   metadata  `yaml:"metadata"`
	Spec       yaml.Node `yaml:"spec"`
}

type metadata struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// Documents reads the objects of some files and sorts them by Kinds. It reports what is wrong with the envelopes of
// all of them; what is inside a spec is for its kind to judge. With problems it gives the objects that can be judged all the
// same, so that everything can be told at once; they are not to be used for more.
func Documents(files []File) ([]Document, fault.Problems) {
	var (
		all      []Document
		problems fault.Problems
		lines    = map[string]string{}
	)
	for _, file := range files {
		nodes, err := Parse(file.Text)
		if err != nil {
			problems = append(problems, InFile(problemsOf(err), file.Name)...)
		}
		for _, node := range nodes {
			doc, found := document(node, file.Name)
			problems = append(problems, InFile(found, file.Name)...)
			if doc.Spec == nil {
				continue
			}
			if where, twice := lines[doc.Title()]; twice && doc.Name != "" {
				problems = append(problems, fault.Problem{File: file.Name, Field: "metadata.name", Line: doc.Line, Text: fmt.Sprintf("%s is there twice, also at %s", doc.Title(), where)})
			}
			lines[doc.Title()] = fmt.Sprintf("%s:%d", file.Name, doc.Line)
			all = append(all, doc)
		}
	}
	if len(files) > 0 && len(all) == 0 && len(problems) == 0 {
		problems = fault.Problems{{File: files[0].Name, Text: "there is no object in it; a document begins with apiVersion: " + APIVersion}}
	}
	slices.SortStableFunc(all, func(a, b Document) int { return slices.Index(Kinds(), a.Kind) - slices.Index(Kinds(), b.Kind) })
	return all, problems
}

// InFile says in which file problems are.
func InFile(problems fault.Problems, name string) fault.Problems {
	out := slices.Clone(problems)
	for i := range out {
		out[i].File = name
	}
	return out
}

// problemsOf gives the problems inside an error.
func problemsOf(err error) fault.Problems {
	if p, ok := errors.AsType[fault.Problems](err); ok {
		return p
	}
	return fault.Problems{{Text: err.Error()}}
}

// document reads an envelope. The document has no Spec if there is nothing that could be judged.
func document(node *yaml.Node, file string) (Document, fault.Problems) {
	var e envelope
	problems := Decode(node, &e, "")
	if resolve(node).Kind != yaml.MappingNode {
		return Document{}, problems
	}
	add := func(field, format string, args ...any) {
		if slices.ContainsFunc(problems, func(p fault.Problem) bool { return p.Field == field }) {
			return
		}
		problems = append(problems, fault.Problem{Field: field, Line: LineOf(node, field), Text: fmt.Sprintf(format, args...)})
	}
	if e.APIVersion != APIVersion {
		add("apiVersion", "must be %s", APIVersion)
	}
	doc := Document{File: file, Line: node.Line, Kind: e.Kind, Name: e.Metadata.Name, Description: e.Metadata.Description}
	switch {
	case e.Kind == "":
		add("kind", "is missing: choose one of %s", strings.Join(Kinds(), ", "))
	case !slices.Contains(Kinds(), e.Kind):
		add("kind", "%q is not one of %s%s", e.Kind, strings.Join(Kinds(), ", "), DidYouMean(e.Kind, Kinds()))
		doc.Kind = Closest(e.Kind, Kinds())
	}
	if text := CheckName(e.Metadata.Name); text != "" {
		add("metadata.name", "%s", text)
	}
	if e.Spec.Kind != yaml.MappingNode {
		add("spec", "must be a mapping with the settings of this %s", strings.ToLower(orWord(doc.Kind, "object")))
	} else if doc.Kind != "" {
		doc.Spec = expand(&e.Spec)
	}
	return doc, problems
}

func orWord(word, fallback string) string {
	if word == "" {
		return fallback
	}
	return word
}

// Node writes the document as it would stand in a file.
func (d Document) Node() *yaml.Node {
	meta := Mapping()
	Put(meta, "name", Text(d.Name))
	if d.Description != "" {
		Put(meta, "description", Text(d.Description))
	}
	node := Mapping()
	Put(node, "apiVersion", Text(APIVersion))
	Put(node, "kind", Text(d.Kind))
	Put(node, "metadata", meta)
	Put(node, "spec", d.Spec)
	return node
}
