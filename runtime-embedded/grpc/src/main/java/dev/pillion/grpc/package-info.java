// SPDX-License-Identifier: Apache-2.0
/**
 * The facade: Dapr's gRPC API over a runtime, for programs that use an unchanged Dapr SDK. It is an
 * ordinary user of {@link dev.pillion.runtime.EmbeddedRuntime}.
 */
@NullMarked
package dev.pillion.grpc;

import org.jspecify.annotations.NullMarked;
