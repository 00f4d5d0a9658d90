// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.Map;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.Schema;

/** Tells plain scalars from quoted ones and types nothing: {@link YamlText} does, as Dapr does. */
final class UntypedSchema implements Schema {
  private static final Tag PLAIN = new Tag("tag:pillion.dev,2026:plain");

  @Override
  public ScalarResolver getScalarResolver() {
    return (value, plain) -> plain ? PLAIN : Tag.STR;
  }

  @Override
  public Map<Tag, ConstructNode> getSchemaTagConstructors() {
    return Map.of();
  }
}
