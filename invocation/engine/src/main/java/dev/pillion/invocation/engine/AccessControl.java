// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.AccessPolicy.AppRules;
import dev.pillion.invocation.AccessPolicy.DefaultAction;
import dev.pillion.invocation.AccessPolicy.Rule;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out an access policy. Immutable. */
final class AccessControl implements InvocationEngine.Gate {
  private static final Logger log = LoggerFactory.getLogger(AccessControl.class);
  private static final String ANY_VERB = "*";

  private final boolean allowing;
  private final String trustDomain;
  private final Map<Caller, Rules> callers = new HashMap<>();

  private record Caller(String appId, String namespace) {}

  /**
   * The rules for one caller.
   *
   * @param http paths in lower case, as Dapr compares those of HTTP
   * @param grpc paths as they are written
   */
  private record Rules(
      String trustDomain, DefaultAction byDefault, OperationTree http, OperationTree grpc) {}

  AccessControl(AccessPolicy policy) {
    this.allowing = policy.isAllowing();
    this.trustDomain = policy.trustDomain();
    policy.apps().forEach(AccessControl::warnOfDeadRules);
    policy
        .apps()
        .forEach(app -> callers.put(
            new Caller(app.appId(), app.namespace()),
            new Rules(app.trustDomain(), app.defaultAction(), tree(app, true), tree(app, false))));
  }

  private static void warnOfDeadRules(AppRules app) {
    app.rules().stream()
        .map(Rule::path)
        .filter(OperationTree::fitsNothing)
        .forEach(path -> log.warn(
            "access policy of the app \"{}\": the operation \"{}\" fits no method, for a * alone stands for a last segment; "
                + "end it there, or write ** or letters beside the *",
            app.appId(),
            path));
  }

  private static OperationTree tree(AppRules app, boolean http) {
    var tree = new OperationTree();
    app.rules().forEach(rule -> tree.add(http ? lower(rule.path()) : rule.path(), rule));
    return tree;
  }

  private static String lower(String path) {
    return path.toLowerCase(Locale.ROOT);
  }

  @Override
  public String trustDomain() {
    return trustDomain;
  }

  @Override
  public void authorize(
      Optional<CallerIdentity> caller, String operation, String verb, boolean http) {
    if (!allows(caller.orElse(null), operation, verb, http)) {
      throw new InvocationException(
          InvocationException.Reason.DENIED,
          "access control policy has denied access to id: %s operation: %s verb: %s%s"
              .formatted(
                  caller.map(CallerIdentity::toString).orElse(""),
                  operation,
                  http ? verb : LocalApp.NO_VERB,
                  caller.isPresent()
                      ? ""
                      : " (the caller showed no certificate, so that no rule of an app is for it)"),
          null);
    }
  }

  private boolean allows(
      @Nullable CallerIdentity caller, String operation, String verb, boolean http) {
    var rules = caller == null ? null : callers.get(new Caller(caller.appId(), caller.namespace()));
    if (caller == null || rules == null || !rules.trustDomain.equals(caller.trustDomain())) {
      return allowing;
    }
    boolean byDefault = rules.byDefault == DefaultAction.INHERIT
        ? allowing
        : rules.byDefault == DefaultAction.ALLOW;
    var path = operation.startsWith("/") ? operation : "/" + operation;
    var rule = http ? rules.http.find(lower(path)) : rules.grpc.find(path);
    if (rule == null) {
      return byDefault;
    }
    if (!http) {
      return rule.allow();
    }
    if (verb.equals(LocalApp.NO_VERB)) {
      return allowsWithoutVerb(rule, rules.byDefault);
    }
    boolean named = rule.verbs().contains(verb) || rule.verbs().contains(ANY_VERB);
    return named ? rule.allow() : byDefault;
  }

  /**
   * Dapr takes the app's own default literally then, not the inherited one, and lets the rule be; a
   * rule that denies every verb is kept here.
   */
  private static boolean allowsWithoutVerb(Rule rule, DefaultAction byDefault) {
    return byDefault == DefaultAction.ALLOW && (rule.allow() || !rule.verbs().contains(ANY_VERB));
  }
}
