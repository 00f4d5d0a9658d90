// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.resiliency.Resiliency;
import java.util.Map;

/**
 * One Resiliency document.
 *
 * @param places where its parts stand, {@code file:line} by path
 *     ({@code targets.apps.orders.retry}): some can be judged only when all documents have been
 *     read
 */
record ResiliencyDocument(Resiliency policies, Map<String, String> places) {}
