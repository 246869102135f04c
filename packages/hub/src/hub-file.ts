import { MobileOneError } from '@mobileone/core'

export const hubEndpoint = 'https://huggingface.co'
const hubPattern =
  /^(?<owner>[A-Za-z0-9][\w.-]*)\/(?<name>[A-Za-z0-9][\w.-]*)(?:@(?<revision>[^/@\s]+))?(?:\/(?<file>\S+))?$/

/** A file of a repository on the Hugging Face hub. */
export interface HubFile {
  /** `owner/name`. */
  readonly id: string
  /** Branch, tag or commit. */
  readonly revision: string
  readonly file: string
}

/** Split `owner/name[@revision][/file]`; undefined when it has another form. */
export function parseHubFile(text: string): HubFile | undefined {
  const groups = hubPattern.exec(text)?.groups
  if (!groups) return undefined
  const file = groups.file ?? 'model.safetensors'
  if (file.split('/').some((part) => part === '' || part === '.' || part === '..')) return undefined
  return { id: `${groups.owner}/${groups.name}`, revision: decode(groups.revision ?? 'main'), file }
}

/** The address of a file on the hub. */
export function hubUrl(hub: HubFile, endpoint: URL): URL {
  const base = endpoint.href.replace(/\/+$/, '')
  const file = hub.file.split('/').map(encodeURIComponent).join('/')
  return new URL(`${base}/${hub.id}/resolve/${encodeURIComponent(hub.revision)}/${file}`)
}

/** @throws MobileOneError `invalid-argument` when it is not an http(s) URL. */
export function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return url
  throw new MobileOneError(
    'invalid-argument',
    `the hub endpoint must be an http(s) URL without a query, such as ${hubEndpoint}, not "${endpoint}"`,
  )
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
