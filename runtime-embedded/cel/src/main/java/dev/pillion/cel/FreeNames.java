// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelComprehension;
import dev.cel.common.ast.CelExpr.CelIdent;
import dev.cel.common.ast.CelExprVisitor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The names in an expression that no macro around them binds. */
final class FreeNames extends CelExprVisitor {
  private final Set<String> found = new LinkedHashSet<>();
  private final Deque<List<String>> bound = new ArrayDeque<>();

  private FreeNames() {}

  static Set<String> of(CelAbstractSyntaxTree parsed) {
    var names = new FreeNames();
    names.visit(parsed);
    return names.found;
  }

  @Override
  protected void visit(CelExpr expr, CelIdent ident) {
    var name = ident.name();
    if (name.startsWith(".")) {
      // Written to reach past a macro's variable of the same name.
      found.add(name.substring(1));
    } else if (bound.stream().noneMatch(names -> names.contains(name))) {
      found.add(name);
    }
  }

  @Override
  protected void visit(CelExpr expr, CelComprehension comprehension) {
    visit(comprehension.iterRange());
    visit(comprehension.accuInit());
    bound.push(List.of(comprehension.iterVar(), comprehension.iterVar2(), comprehension.accuVar()));
    visit(comprehension.loopCondition());
    visit(comprehension.loopStep());
    visit(comprehension.result());
    bound.pop();
  }
}
