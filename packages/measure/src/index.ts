/** Measures networks, backends and runtimes side by side, each checked against a reference. Runs in browsers and in Node. */
export type { OrtLibrary } from '@mobileone/backend-ort'
export {
  type BenchmarkOptions,
  benchmark,
  type Fetched,
  type Lane,
  type LaneHost,
  type Measured,
  nameOf,
  type PeakLane,
} from './benchmark.ts'
export { checkOutput, type OutputError, tolerance } from './check-output.ts'
export { type ComparedResult, type Comparison, compareReports, comparisonText } from './compare-reports.ts'
export {
  type Contender,
  type ContenderOptions,
  type ContenderTraits,
  type CreateContender,
  type Layout,
  type ModelFormat,
  type ModelSource,
  statedPrecision,
} from './contender.ts'
export { backendContender } from './contenders/backend-contender.ts'
export { type LiteRtLibrary, litertWasm } from './contenders/litert-wasm.ts'
export { ortContender } from './contenders/ort-contender.ts'
export { ortNode } from './contenders/ort-node.ts'
export { ortWasm } from './contenders/ort-wasm.ts'
export { ortWebgpu } from './contenders/ort-webgpu.ts'
export { tfjsContender } from './contenders/tfjs-contender.ts'
export { type TfjsWasmLibraries, tfjsWasm } from './contenders/tfjs-wasm.ts'
export { tfjsWebgpu } from './contenders/tfjs-webgpu.ts'
export { type ForeignContender, foreignTraits } from './contenders/traits.ts'
export { describeEnvironment } from './environment.ts'
export {
  countGpu,
  describeAdapter,
  type GpuAdapter,
  type GpuCounter,
  type GpuCounts,
  type GpuScope,
  type GpuTally,
  type GpuUse,
  gpuTally,
} from './gpu-counter.ts'
export { groupsOf } from './groups.ts'
export {
  type Finish,
  type Host,
  type LocalHostOptions,
  localHost,
  type Memory,
  type MemoryProbe,
  type Start,
  type Turn,
} from './host.ts'
export { type LayerCost, type LayerTraffic, layerCosts, layerTraffic } from './layer-traffic.ts'
export { type LocalLaneOptions, localLane } from './local-lane.ts'
export { backendLane, type MeasureOptions, measure } from './measure.ts'
export { createPause, type Pause } from './pause.ts'
export { createPeakMeter, type PeakMeter } from './peak.ts'
export {
  type Protocol,
  type ProtocolName,
  type ProtocolOptions,
  protocol,
  protocolNames,
  type Summary,
  summarize,
} from './protocol.ts'
export {
  type Column,
  columnsOf,
  ratioToOurs,
  reportMarkdown,
  reportText,
} from './report.ts'
export { parseReport, reportJson, reportVersion } from './report-file.ts'
export { reportSvg } from './report-svg.ts'
export type { Machine, Peak, Report, Result, Skipped } from './result.ts'
export {
  type SharedResult,
  type SharedSummary,
  summaryFromText,
  summaryOf,
  summaryToText,
} from './shared-summary.ts'
export { type SpeedRatio, speedRatio } from './speed-ratio.ts'
export { mean, median, percentile, trimmed } from './statistics.ts'
export {
  type LabelledInput,
  prepareSubject,
  prepareSubjectBy,
  randomDeployModel,
  type Subject,
  type SubjectFacts,
  subjectFacts,
} from './subject.ts'
export { formatBytes, table } from './text-table.ts'
export { busyReason, type Verdict, verdictsOf } from './verdict.ts'
