/** Measuring what a gateway is about to serve: the files of a folder, by digest. @module */
export type { OmsManifest } from '../core/resources/oms-manifest.ts'
export type { MeasuredFile, MeasuredFolder, MeasureOptions } from './measure-folder.ts'
export { measureFolder } from './measure-folder.ts'
