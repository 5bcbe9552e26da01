/**
 * The messages of the cluster's API that commands print and send, as types only: importing them
 * loads nothing.
 */
import type { wire } from "../client/mod.ts";

export type Config = wire.Config;
export type Event = wire.Event;
export type ExecRequest = wire.ExecRequest;
export type ExecStart = wire.ExecStart;
export type FieldDiff = wire.FieldDiff;
export type FileRef = wire.FileRef;
export type GetClusterInfoResponse = wire.GetClusterInfoResponse;
export type HealthCheck = wire.HealthCheck;
export type Member = wire.Member;
export type Node = wire.Node;
export type PlanManifestResponse = wire.PlanManifestResponse;
export type PortSpec = wire.PortSpec;
export type ReadLogsResponse = wire.ReadLogsResponse;
export type Resource = wire.Resource;
export type ResourceAmounts = wire.ResourceAmounts;
export type ResourceChange = wire.ResourceChange;
export type Revision = wire.Revision;
export type Rollout = wire.Rollout;
export type Secret = wire.Secret;
export type Service = wire.Service;
export type ServiceSpec = wire.ServiceSpec;
export type StreamEventsRequest = wire.StreamEventsRequest;
export type Task = wire.Task;
export type TaskSpec = wire.TaskSpec;
export type TaskStats = wire.TaskStats;
export type Volume = wire.Volume;
export type VolumeMount = wire.VolumeMount;
export type WatchServiceResponse = wire.WatchServiceResponse;
