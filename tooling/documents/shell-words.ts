/** The commands of a shell block, without comments, one per program: `a && b` are two. */
export function commandsOf(text: string): string[][] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/(^|\s)#.*/gm, '')
    .split(/\n|&&|;|\|/)
    .map(words)
    .filter((command) => command.length > 0)
}

function words(line: string): string[] {
  const found = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
  return found.map(([, double, single, bare]) => double ?? single ?? bare ?? '')
}
