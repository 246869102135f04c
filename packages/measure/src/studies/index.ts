/** The paper's studies, on the machine at hand: which networks, what is measured, and tables, sentences and plots beside the paper's figures. */
export { paretoFront, type Trade } from './front.ts'
export { layoutPlot, type Mark, type PlotLayout } from './layout-plot.ts'
export { type MeasuredNetworks, type MeasureNetworksOptions, measureNetworks } from './measure-networks.ts'
export {
  mobileoneNetwork,
  networkNamed,
  probeStudyNetwork,
  resized,
  studyNetwork,
  trainedNetwork,
  zooStudyNetwork,
} from './networks.ts'
export {
  type PaperRow,
  paperOther,
  paperRow,
  paperSet,
  paperTable1,
  paperTable2,
  paperTable5,
  paperTable6,
  paperTable9,
} from './paper.ts'
export type { Axis, BarPlot, Plot, ScatterPlot, ScatterPoint } from './plot.ts'
export { plotSvg, studySvg } from './plot-svg.ts'
export { paperCorrelation } from './predictors.ts'
export { averageRanks, type RankCorrelation, spearman } from './spearman.ts'
export { networksOfStudies, studies, studyNamed, studyNames } from './studies.ts'
export type {
  Study,
  StudyChoice,
  StudyColumn,
  StudyName,
  StudyNetwork,
  StudyReading,
  StudyRow,
  StudyTable,
} from './study.ts'
export type { StudyProgress } from './study-progress.ts'
export { studyMarkdown, studyText, tableMarkdown } from './study-text.ts'
export { type Series, seriesOf, type Timed, type Times, timesOf } from './times.ts'
