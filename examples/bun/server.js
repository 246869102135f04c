import { createClassifier } from '@mobileone/sdk'

const { MODEL: model = 's0', PORT: port = '8080' } = process.env
const classifier = await createClassifier({ model })

const server = Bun.serve({
  port: Number(port),
  maxRequestBodySize: 4_000_000,
  async fetch(request) {
    if (request.method !== 'POST') return new Response('POST a picture\n', { status: 405 })
    try {
      return Response.json(await classifier.classify(await request.blob(), { topK: 3 }))
    } catch ({ code, message }) {
      return Response.json({ error: message }, { status: code?.startsWith('invalid-') ? 400 : 500 })
    }
  },
})
console.log(`http://localhost:${server.port}`)
