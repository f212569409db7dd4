"""python -m pipelines  ==  tabpipe"""

from pipelines.cli import main

if __name__ == "__main__":
    main()
