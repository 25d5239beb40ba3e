import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';

interface Props {
  /** What it begins with; later values are not taken, so that nothing typed is lost. */
  value: string;
  onChange: (text: string) => void;
  label: string;
}

const look = EditorView.theme({
  '&': { border: '1px solid var(--hr-border)', borderRadius: '8px', fontSize: '13px', maxHeight: '460px', backgroundColor: 'var(--mantine-color-body)', color: 'var(--hr-text)' },
  '&.cm-focused': { outline: '2px solid var(--hr-focus)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--hr-dimmed)', borderRight: '1px solid var(--hr-line)' },
  '.cm-content': { caretColor: 'var(--hr-text)' },
  '.cm-tooltip': { backgroundColor: 'var(--mantine-color-body)', color: 'var(--hr-text)', border: '1px solid var(--hr-border)' },
});

/** JSONEditor edits JSON. Tab indents; Escape and then Tab leaves it, as CodeMirror always has it. */
export default function JSONEditor({ value, onChange, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const first = useRef(value);
  const told = useRef(onChange);
  const dark = useComputedColorScheme('light') === 'dark';
  useEffect(() => {
    told.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (!box.current) return;
    const view = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(), foldGutter(), history(), bracketMatching(), json(), linter(jsonParseLinter()), lintGutter(), look, EditorView.lineWrapping,
          dark ? [] : syntaxHighlighting(defaultHighlightStyle),
          EditorView.darkTheme.of(dark),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((u) => {
            if (!u.docChanged) return;
            first.current = u.state.doc.toString();
            told.current(first.current);
          }),
          keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, indentWithTab]),
        ],
      }),
    });
    return () => view.destroy();
  }, [dark, label]);
  return <div ref={box} />;
}
