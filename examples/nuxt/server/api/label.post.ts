import { createClassifier, MobileOneError } from '@mobileone/sdk'

let loading: ReturnType<typeof createClassifier> | undefined

/** Takes a picture as the body, and answers with the three best labels. */
export default defineEventHandler(async (event) => {
  loading ??= createClassifier({ model: process.env.MODEL ?? 's0' })
  const classifier = await loading
  const body = await readRawBody(event, false)
  try {
    return await classifier.classify(new Blob([body ?? '']), { topK: 3, maxBytes: 4_000_000 })
  } catch (error) {
    if (!(error instanceof MobileOneError)) throw error
    throw createError({ statusCode: 400, statusMessage: 'Bad Request', message: error.message })
  }
})
