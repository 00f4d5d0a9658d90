// SPDX-License-Identifier: Apache-2.0
package dev.pillion.component;

import java.util.List;

/**
 * Makes components of one type from their specification. Found by {@link java.util.ServiceLoader}:
 * name the implementation in {@code META-INF/services/dev.pillion.component.ComponentProvider}.
 * Needs a public constructor without parameters.
 */
public interface ComponentProvider {
  /** Dapr's type name, such as {@code state.redis}, in lower case. */
  String type();

  /** Further type names Dapr registers the same component under, such as {@code state.sqlite3}. */
  default List<String> aliases() {
    return List.of();
  }

  /**
   * The versions this type comes in, the default first. A type with the single version {@code v1}
   * takes an empty {@code spec.version} and {@code v0} too, as Dapr does.
   */
  default List<String> versions() {
    return List.of("v1");
  }

  /**
   * Makes the component: reads every setting it knows from {@link ComponentSpec#metadata()}, which
   * collects what is wrong with them, and does no I/O. A wrong setting yields its default here; the
   * runtime refuses the component afterwards.
   */
  Component create(ComponentSpec spec);
}
