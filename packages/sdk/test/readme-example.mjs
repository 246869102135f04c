import { createClassifier } from '@mobileone/sdk'

const [picture = 'cat.jpg', model = 's0'] = process.argv.slice(2)
const classifier = await createClassifier({ model })
for (const { label, score } of await classifier.classify(picture, { topK: 3 })) {
  console.log(`${label}: ${(100 * score).toFixed(1)} %`)
}
await classifier.dispose()
