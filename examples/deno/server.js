import process from 'node:process'
import { createClassifier } from '@mobileone/sdk'

const { MODEL: model = 's0', PORT: port = '8080' } = process.env
const classifier = await createClassifier({ model })

Deno.serve({ port: Number(port) }, async (request) => {
  if (request.method !== 'POST') return new Response('POST a picture\n', { status: 405 })
  try {
    const picture = new Response(request.body)
    return Response.json(await classifier.classify(picture, { topK: 3, maxBytes: 4_000_000 }))
  } catch ({ code, message }) {
    return Response.json({ error: message }, { status: code?.startsWith('invalid-') ? 400 : 500 })
  }
})
