import { createClassifier, MobileOneError } from '@mobileone/sdk'

let loading: ReturnType<typeof createClassifier> | undefined

/** Takes a picture as the body, and answers with the three best labels. */
export async function POST(request: Request): Promise<Response> {
  loading ??= createClassifier({ model: process.env.MODEL ?? 's0' })
  const classifier = await loading
  try {
    const picture = new Response(request.body)
    return Response.json(await classifier.classify(picture, { topK: 3, maxBytes: 4_000_000 }))
  } catch (error) {
    if (!(error instanceof MobileOneError)) throw error
    return Response.json({ error: error.message }, { status: 400 })
  }
}
