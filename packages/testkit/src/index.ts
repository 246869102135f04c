export { BrowserMemory, type Footprint } from './browser-memory.ts'
export { launchChromium, softwareGpu } from './chromium.ts'
export { type Cost, measureCost } from './cost.ts'
export { type EngineCalls, engineCalls } from './engine-calls.ts'
export { type EnginePage, openEnginePage } from './engine-page.ts'
export { type EngineSite, openEngineSite } from './engine-site.ts'
export {
  goldenPath,
  type PhotographReference,
  readGolden,
  readGoldenFloat32,
  readGoldenJson,
  readGoldenMiddle,
  smallModels,
} from './golden.ts'
export { type Allowance, fewestSamples, type Growth, growthOf } from './growth.ts'
export { bundleModule, type ModulePageOptions, openModulePage } from './page.ts'
export {
  checkExecutor,
  checkInPage,
  checkLogits,
  imagenetRule,
  type LogitsCheck,
  loadPhotographs,
  type Photograph,
  wrongChecks,
} from './photographs.ts'
export { type FilmOptions, pictureFilm } from './picture-film.ts'
export { progressLine } from './progress-line.ts'
export {
  bun,
  chromiumPath,
  currentNodePath,
  deno,
  fashionMnistFolder,
  goldenFolder,
  lacking,
  python,
  type Requirement,
  reportLack,
  vulkanDriver,
  webaiRunnerFolder,
  workerdPath,
} from './requirements.ts'
export { type Page, serve } from './server.ts'
export { type BrowserName, type EngineName, type StartedEngine, startEngine } from './start-engine.ts'
export { type PageCaseResult, runModulePageSuite, runPageSuite } from './suites.ts'
export { bundleWorker, serveWorker } from './workerd.ts'
export { fillPlaces, type Places, readWithPlaces, writePlaces } from './written-places.ts'
