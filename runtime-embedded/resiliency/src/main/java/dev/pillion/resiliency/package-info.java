// SPDX-License-Identifier: Apache-2.0
/** Dapr's resiliency policies, as one interceptor around every call. */
@NullMarked
package dev.pillion.resiliency;

import org.jspecify.annotations.NullMarked;
