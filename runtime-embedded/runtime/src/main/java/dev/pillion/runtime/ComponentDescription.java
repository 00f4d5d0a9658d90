// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.List;
import java.util.Map;

/**
 * One component as it is configured.
 *
 * @param name its name
 * @param type Dapr's type name
 * @param version {@code spec.version}, {@code v1} where none was given
 * @param capabilities what it can do, in Dapr's words ({@code ETAG}, {@code TRANSACTIONAL},
 *     {@code TTL})
 * @param settings its settings as written; secrets and whatever may hold one are shown as
 *     {@code ***}
 */
public record ComponentDescription(
    String name,
    String type,
    String version,
    List<String> capabilities,
    Map<String, String> settings) {}
