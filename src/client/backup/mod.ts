/** The file that a backup of a cluster is kept in: written from a Backup call, read for a restore. */
export { type BackupHeader, type BackupSummary } from "./format.ts";
export { type Backup, readBackup } from "./read_backup.ts";
export { copyBackup, type CopyOptions } from "./copy_backup.ts";
