import { createWorkerClassifier } from './mobileone/worker.mjs'

const [input, output] = ['input', 'output'].map((name) => document.querySelector(name))
const model = new URLSearchParams(location.search).get('model') ?? 's0'

/** The page's files are kept by the service worker, the weights by the SDK. */
async function load() {
  await navigator.serviceWorker.register('./service-worker.js')
  await navigator.serviceWorker.ready
  const onProgress = ({ phase, fraction = 0 }) => (output.value = `${phase}: ${Math.round(100 * fraction)} %`)
  const classifier = await createWorkerClassifier({ model, onProgress })
  output.value = 'From now on without a network, too'
  return classifier
}

const loading = load()
loading.catch((error) => (output.value = String(error)))

async function label(picture) {
  const top = await (await loading).classify(picture, { topK: 3 })
  return top.map(({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`).join('\n')
}

input.onchange = async () => {
  const [picture] = input.files
  if (picture) output.value = await label(picture).catch(String)
}
