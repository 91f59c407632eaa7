"""Two rules of docs/architecture.md that import-linter has no contract for; `make lint` runs them."""

import ast
from collections import defaultdict
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class SmallPackages(Contract):
    """No package has more than `most` modules of its own (subpackages count as one)."""

    root = fields.StringField()
    most = fields.IntegerField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        packages = defaultdict(list)
        for path in Path(str(self.root)).rglob("*.py"):
            if path.name not in ("__init__.py", "__main__.py"):
                packages[path.parent].append(path.stem)
        large = {str(folder): len(names) for folder, names in packages.items() if len(names) > int(str(self.most))}
        return ContractCheck(kept=not large, metadata={"large": large})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for folder, count in check.metadata["large"].items():
            output.print_error(f"{folder} has {count} modules; {self.most} is the limit.")


class UniqueClassNames(Contract):
    """No two top-level classes share a name, so that a search for one finds one."""

    root = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        places = defaultdict(list)
        for path in sorted(Path(str(self.root)).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(str(path))
        return ContractCheck(
            kept=all(len(paths) == 1 for paths in places.values()),
            metadata={"repeated": {name: paths for name, paths in places.items() if len(paths) > 1}},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        for name, paths in check.metadata["repeated"].items():
            output.print_error(f"class {name}: {', '.join(paths)}")
