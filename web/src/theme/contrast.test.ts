import { describe, expect, it } from 'vitest';
import { contrast } from './contrast';
import { filled, series, surfaces, tokens, type Theme, type Token } from './tokens';

const words: Token[] = ['text', 'dimmed', 'placeholder', 'error', 'link'];
const shapes: Token[] = ['focus', 'ok', 'warn', 'bad', 'info', 'still', 'border'];

describe('contrast', () => {
  it('knows the ends of the scale', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#4263eb', '#4263eb')).toBe(1);
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  });
});

describe.each(['light', 'dark'] as Theme[])('the %s theme', (theme) => {
  for (const [name, surface] of Object.entries(surfaces[theme])) {
    it.each(words)(`reads %s on ${name} (4.5 at least)`, (word) => {
      expect(contrast(tokens[theme][word], surface)).toBeGreaterThanOrEqual(4.5);
    });
    it.each(shapes)(`shows %s on ${name} (3 at least)`, (shape) => {
      expect(contrast(tokens[theme][shape], surface)).toBeGreaterThanOrEqual(3);
    });
    it.each([...series[theme]])(`draws %s on ${name} (3 at least)`, (line) => {
      expect(contrast(line, surface)).toBeGreaterThanOrEqual(3);
    });
  }
  it('reads the text of a filled button', () => {
    expect(contrast(filled.text, filled.background)).toBeGreaterThanOrEqual(4.5);
  });
});
