/** Controls (ESC, OSC and their eight-bit forms among them), what reorders or breaks lines, halves of characters. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/**
 * `text` of a file or a server, for one line of a terminal or a log: characters that would act there instead of being shown are
 * written as `\u001b`. For every place that prints names, labels, descriptions or messages which others wrote.
 */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** {@link printable} for text of several lines: its line feeds stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}
