// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.AccessPolicy.AppRules;
import dev.pillion.invocation.AccessPolicy.DefaultAction;
import dev.pillion.invocation.AccessPolicy.Rule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Reads {@code spec.accessControl}, with Dapr's defaults. */
final class AccessControlReader {
  private static final Logger log = LoggerFactory.getLogger(AccessControlReader.class);
  private static final List<String> TOP = List.of("defaultAction", "trustDomain", "policies");
  private static final List<String> APP =
      List.of("appId", "defaultAction", "trustDomain", "namespace", "operations");
  private static final List<String> OPERATION = List.of("name", "httpVerb", "action");
  private static final String ALLOW = "allow";
  private static final String DENY = "deny";

  private final YamlFields fields;

  AccessControlReader(YamlFields fields) {
    this.fields = fields;
  }

  AccessPolicy read(MappingNode access) {
    fields.check(access, TOP, "accessControl");
    var policy = isAllowing(access) ? AccessPolicy.allowByDefault() : AccessPolicy.denyByDefault();
    var domain = fields.text(access, "trustDomain").orElse("").strip();
    if (!domain.isEmpty()) {
      policy = policy.trustDomain(domain);
    }
    for (Node node : fields.list(access, "policies")) {
      var app = fields.mapping("policies", node);
      if (app != null) {
        policy = app(policy, app);
      }
    }
    return policy;
  }

  /** Nothing said is allow; said to be empty it depends on the policies. */
  private boolean isAllowing(MappingNode access) {
    var written = YamlText.fields(access).get("defaultAction");
    if (written == null || YamlText.isNull(written)) {
      return true;
    }
    if (!YamlText.of(written).isEmpty()) {
      return action(written, "defaultAction");
    }
    var policies = YamlText.fields(access).get("policies");
    return policies instanceof SequenceNode list && list.getValue().isEmpty();
  }

  /** Dapr allows by the one word and denies by all others. */
  private boolean action(Node node, String field) {
    var word = YamlText.of(node).toLowerCase(Locale.ROOT);
    if (!word.equals(ALLOW) && !word.equals(DENY)) {
      log.warn(
          "{}: \"{}\" is \"{}\", which denies as in Dapr; it is allow or deny",
          fields.at(node),
          field,
          YamlText.of(node));
    }
    return word.equals(ALLOW);
  }

  private AccessPolicy app(AccessPolicy policy, MappingNode app) {
    fields.check(app, APP, "a policy");
    var appId = required(app, "appId");
    var domain = required(app, "trustDomain");
    var namespace = required(app, "namespace");
    var action = YamlText.fields(app).get("defaultAction");
    var byDefault =
        action == null || YamlText.isNull(action) || YamlText.of(action).isEmpty()
            ? DefaultAction.INHERIT
            : action(action, "defaultAction") ? DefaultAction.ALLOW : DefaultAction.DENY;
    var rules = operations(app);
    if (appId.isEmpty() || domain.isEmpty() || namespace.isEmpty()) {
      return policy;
    }
    try {
      return policy.app(appId, namespace, empty -> {
        AppRules all = empty.trustDomain(domain).defaultAction(byDefault);
        for (var rule : rules) {
          all = all.rule(rule);
        }
        return all;
      });
    } catch (IllegalArgumentException e) {
      fields.problem(app, String.valueOf(e.getMessage()));
      return policy;
    }
  }

  private String required(MappingNode app, String field) {
    var text = fields.text(app, field).orElse("");
    if (text.isBlank()) {
      fields.problem(app, "the policy of accessControl has no %s".formatted(field));
    }
    return text.strip();
  }

  private List<Rule> operations(MappingNode app) {
    var rules = new ArrayList<Rule>();
    var paths = new HashSet<String>();
    for (Node node : fields.list(app, "operations")) {
      var rule = operation(node);
      if (rule == null) {
        continue;
      }
      rules.add(rule);
      if (!paths.add(rule.path())) {
        log.warn(
            "{}: the operation \"{}\" stands here for the second time, of which the first counts as in Dapr",
            fields.at(node),
            rule.path());
      }
    }
    return rules;
  }

  private @Nullable Rule operation(Node node) {
    var operation = fields.mapping("operations", node);
    if (operation == null) {
      return null;
    }
    fields.check(operation, OPERATION, "an operation");
    var name = fields.text(operation, "name").orElse("");
    boolean right = isRight(YamlText.fields(operation).getOrDefault("name", operation), name);
    var verbs = new HashSet<String>();
    for (Node verb : fields.list(operation, "httpVerb")) {
      verbs.add(YamlText.of(verb));
      right &= isRight(verb, "/", YamlText.of(verb));
    }
    var action = YamlText.fields(operation).get("action");
    boolean allow = action != null && action(action, "action");
    if (action == null) {
      log.warn("{}: the operation \"{}\" has no action, and so denies", fields.at(node), name);
    }
    return right ? new Rule(name, verbs, allow) : null;
  }

  /** Whether a rule can have these: each is asked for alone, so that each is told of. */
  private boolean isRight(Node node, String path, String... verbs) {
    try {
      return new Rule(path, Set.of(verbs), true).verbs().size() == verbs.length;
    } catch (IllegalArgumentException e) {
      fields.problem(node, String.valueOf(e.getMessage()));
      return false;
    }
  }
}
