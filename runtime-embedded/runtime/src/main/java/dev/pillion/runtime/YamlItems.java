// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads settings: a name, and a value or a reference to one. */
final class YamlItems {
  private static final List<String> SECRET_REF = List.of("name", "key");
  private static final List<String> ITEM = List.of("name", "value", "secretKeyRef", "envRef");
  private static final List<String> NAMELESS = List.of("value", "secretKeyRef", "envRef");

  private final YamlFields fields;

  YamlItems(YamlFields fields) {
    this.fields = fields;
  }

  /** The entries of a list of the spec, each with its name. */
  List<ComponentDocument.Item> list(MappingNode spec, String field) {
    var items = new ArrayList<ComponentDocument.Item>();
    var names = new HashSet<String>();
    for (Node node : fields.list(spec, field)) {
      if (!(node instanceof MappingNode item)) {
        fields.problem(node, "each entry of spec.%s needs a name and a value".formatted(field));
        continue;
      }
      fields.check(item, ITEM, "an entry of spec." + field);
      var name = fields.text(item, "name").orElse("");
      if (name.isEmpty()) {
        fields.problem(item, "an entry of spec.%s has no name".formatted(field));
        continue;
      }
      if (!names.add(name)) {
        fields.problem(item, "\"%s\" is set for the second time; write it once".formatted(name));
      }
      items.add(item(name, item));
    }
    return items;
  }

  /** A field that has a value or a reference to one. */
  ComponentDocument.Item nameless(String name, MappingNode node) {
    fields.check(node, NAMELESS, name);
    return item(name, node);
  }

  private ComponentDocument.Item item(String name, MappingNode item) {
    return new ComponentDocument.Item(
        name,
        fields.at(item),
        value(item),
        secretRef(item),
        fields.text(item, "envRef").orElse(null));
  }

  private static @Nullable String value(MappingNode item) {
    var value = YamlText.fields(item).get("value");
    return value == null || YamlText.isNull(value) ? null : YamlText.of(value);
  }

  private ComponentDocument.@Nullable SecretRef secretRef(MappingNode item) {
    var ref = fields.mapping(item, "secretKeyRef");
    if (ref == null) {
      return null;
    }
    fields.check(ref, SECRET_REF, "secretKeyRef");
    var name = fields.text(ref, "name").orElse("");
    if (name.isEmpty()) {
      fields.problem(ref, "a secretKeyRef has no name");
      return null;
    }
    return new ComponentDocument.SecretRef(
        name, fields.text(ref, "key").filter(key -> !key.isEmpty()).orElse(name));
  }
}
