import { createClassifier, isMobileOneError, type LocalClassifier } from '@mobileone/sdk'
import { decodePicture } from './decode-picture.ts'

export interface Env {
  /** The folder `assets`, with the weights in it. */
  readonly ASSETS: { fetch(address: string): Promise<Response> }
}

/** What one request may hold, in bytes. */
const mostBytes = 4 * 2 ** 20

/** One for each isolate, which answers many requests; a load that fails is tried again by the next. */
let opened: Promise<LocalClassifier> | undefined

function open(env: Env): Promise<LocalClassifier> {
  opened ??= load(env).catch((error) => {
    opened = undefined
    throw error
  })
  return opened
}

async function load(env: Env): Promise<LocalClassifier> {
  const response = await env.ASSETS.fetch('https://assets/model.safetensors')
  if (!response.ok) throw new Error(`assets/model.safetensors: ${response.status} ${response.statusText}`)
  const model = new Uint8Array(await response.arrayBuffer())
  return createClassifier({ model, decoder: false })
}

/** `POST` a JPEG or PNG file; `?top=3` says how many classes to answer with. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== 'POST') return fault(405, 'POST a JPEG or PNG file')
    const top = Number(new URL(request.url).searchParams.get('top') ?? 5)
    if (!(Number.isInteger(top) && top >= 1 && top <= 100)) return fault(400, 'top must be from 1 to 100')
    if (Number(request.headers.get('content-length') ?? 0) > mostBytes) return fault(413, 'at most 4 MB')
    const bytes = new Uint8Array(await request.arrayBuffer())
    if (bytes.length > mostBytes) return fault(413, 'at most 4 MB')
    try {
      const picture = decodePicture(bytes)
      const classifier = await open(env)
      const start = Date.now()
      const classes = await classifier.classify(picture, { topK: top })
      return Response.json({ classes, features: classifier.features, milliseconds: Date.now() - start })
    } catch (error) {
      if (isMobileOneError(error) && error.code === 'invalid-input') return fault(400, error.message)
      console.error(error)
      return fault(503, 'the classifier is not available')
    }
  },
}

function fault(status: number, error: string): Response {
  return Response.json({ error }, { status })
}
