/**
 * `text` of Markdown with each place between `<!-- KIND NAME -->` and `<!-- /KIND -->` filled with what `write` says for that name, or left
 * as it is where that is undefined; undefined where there is no such place.
 */
export function fillPlaces(
  text: string,
  kind: string,
  write: (name: string) => string | undefined,
): string | undefined {
  const place = new RegExp(`(<!-- ${kind} ([a-z-]+) -->\\n)([\\s\\S]*?)(<!-- /${kind} -->)`, 'g')
  if (!place.test(text)) return undefined
  return text.replace(place, (all, begin: string, name: string, _: string, end: string) => {
    const body = write(name)
    return body === undefined ? all : `${begin}\n${body}\n${end}`
  })
}
