/** As many bytes as `detectErrorPage` looks at. */
export const detectedLength = 64

/**
 * What the beginning of a download is when it cannot be weights: a web page, JSON or a Git LFS pointer, the usual
 * answers of a wrong address. Undefined when it may be weights.
 */
export function detectErrorPage(head: Uint8Array): string | undefined {
  let start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  while (start < head.length && [0x20, 0x09, 0x0a, 0x0d].includes(head[start] as number)) start++
  const text = String.fromCharCode(...head.subarray(start, detectedLength)).toLowerCase()
  if (/^<(!doctype|html|head|body|!--|\?xml|error|script|meta)/.test(text)) {
    return 'a web page or XML, not weights: is this the address of a page, a login or a single-page app?'
  }
  if (text.startsWith('version https://git-lfs')) {
    return 'a Git LFS pointer, not the weights themselves: use the /resolve/ address, not /raw/'
  }
  if (/^\{\s*"[\w-]+"\s*:/.test(text)) return 'JSON, not weights'
  return undefined
}
